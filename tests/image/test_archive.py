"""What is in the image, and that nothing else is."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import Built
from oci import Image

BINARY = "/harbor-pg-webhook"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
SIZE_MOST = 25_000_000
NEEDED = re.compile(r"\((?:NEEDED|RPATH|RUNPATH)\)\s+(?P<what>[^:]+): \[(?P<name>[^]]+)\]")
INTERPRETER = re.compile(r"program interpreter: (?P<path>[^]]+)\]")


@pytest.fixture(scope="module")
def unpacked(image: Image, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The binary and its libraries on disk, by their path in the image."""
    folder = tmp_path_factory.mktemp("files")
    paths = {}
    programs = {name: content for name, content in image.files.items() if name != AUTHORITIES}
    for number, (name, content) in enumerate(programs.items()):
        paths[name] = folder / str(number)
        paths[name].write_bytes(content)
    return paths


def readelf(path: Path, *options: str) -> str:
    command = ["readelf", "--wide", *options, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_digest_is_told(built: Built, image: Image):
    assert built.output.splitlines()[-1] == image.digest


def test_it_is_small(built: Built):
    assert built.archive.stat().st_size <= SIZE_MOST


def test_how_it_is_run(image: Image):
    config = dict(image.config["config"])
    labels = dict(config.pop("Labels"))
    environment = config.pop("Env")
    assert config == {
        "User": "65532:65532",
        "Entrypoint": [BINARY],
        "ExposedPorts": {"8443/tcp": {}, "8080/tcp": {}},
    }
    assert [it.partition("=")[0] for it in environment] == ["PATH"]
    commit = labels.pop("org.opencontainers.image.revision")
    assert re.fullmatch("[0-9a-f]{12}", commit)
    assert commit.encode() in image.files[BINARY]
    assert labels == {
        "org.opencontainers.image.title": "harbor-pg-webhook",
        "org.opencontainers.image.version": "0.1.0",
    }


def test_the_files_are_exactly_what_the_loader_looks_for(image: Image, unpacked: dict[str, Path]):
    by_name = {Path(name).name: name for name in unpacked}
    (loader,) = INTERPRETER.findall(readelf(unpacked[BINARY], "--program-headers"))
    reached = {BINARY, loader}
    todo = [BINARY]
    while todo:
        name = todo.pop()
        for what, library in NEEDED.findall(readelf(unpacked[name], "--dynamic")):
            assert what == "Shared library", f"{name} looks for libraries in {library}"
            assert library in by_name, f"{name} needs {library}, which the image lacks"
            if by_name[library] not in reached:
                reached.add(by_name[library])
                todo.append(by_name[library])
    assert set(image.files) == reached | {AUTHORITIES}


def test_the_authorities_are_those_of_debian_and_no_other(image: Image):
    """Also where the machine that builds the image trusts further ones."""
    text = image.files[AUTHORITIES].decode()
    found = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.DOTALL)
    assert "".join(found) == text
    debian = {path.read_text() for path in Path("/usr/share/ca-certificates/mozilla").iterdir()}
    assert set(found) == debian
    assert len(found) == len(debian) > 100


def test_the_libraries_are_where_the_loader_looks(unpacked: dict[str, Path]):
    folders = {str(Path(name).parent) for name in unpacked}
    assert all(re.fullmatch(r"/|(/usr)?/lib(64)?(/[^/]+-linux-gnu)?", it) for it in folders)


def test_every_file_is_roots_and_plain(image: Image):
    for name, (it, _) in image.entries.items():
        assert it.isfile() or it.isdir(), f"{name} is neither a file nor a folder"
        assert (it.uid, it.gid, it.mtime) == (0, 0, 0), name
        wanted = (0o755,) if it.isdir() else (0o755, 0o644)
        assert stat.S_IMODE(it.mode) in wanted, f"{name} has mode {it.mode:o}"


def test_the_binary_says_nothing_about_its_build(
    built: Built, image: Image, unpacked: dict[str, Path]
):
    content = image.files[BINARY]
    for text in (str(built.sources), "/build/", "/tmp/", "/root"):
        assert text.encode() not in content, text
    assert not re.search(rb"(?<!\.)\.\./", content), "a path from the build's folder"
    assert ".symtab" not in readelf(unpacked[BINARY], "--section-headers")
    assert ".debug" not in readelf(unpacked[BINARY], "--section-headers")


def test_the_binary_is_hardened(unpacked: dict[str, Path]):
    assert re.search(r"Type:\s+DYN", readelf(unpacked[BINARY], "--file-header"))
    assert "GNU_RELRO" in readelf(unpacked[BINARY], "--program-headers")
    assert re.search(r"FLAGS_1.*NOW.*PIE", readelf(unpacked[BINARY], "--dynamic"))
    assert re.search(r"GNU_STACK.* RW ", readelf(unpacked[BINARY], "--program-headers"))
    assert "__stack_chk_fail" in readelf(unpacked[BINARY], "--dyn-syms")


def test_another_build_gives_the_same_bytes(built: Built, rebuilt: Built):
    assert Image(built.archive).digest == Image(rebuilt.archive).digest
    assert built.archive.read_bytes() == rebuilt.archive.read_bytes()
    assert built.sbom.read_bytes() == rebuilt.sbom.read_bytes()
