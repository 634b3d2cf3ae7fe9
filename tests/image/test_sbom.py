"""The bill of materials names every file and where it comes from."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from conftest import Built
from oci import Image
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

OURS = "harbor-pg-webhook"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(scope="module")
def sbom(built: Built) -> dict:
    return json.loads(built.sbom.read_text())


@pytest.fixture(scope="module")
def contents(sbom: dict) -> dict[str, list[str]]:
    """The paths in the image by the name of the package that brought them."""
    packages = {it["SPDXID"]: it["name"] for it in sbom["packages"]}
    paths = {it["SPDXID"]: it["fileName"].removeprefix(".") for it in sbom["files"]}
    found: dict[str, list[str]] = {name: [] for name in packages.values()}
    for it in sbom["relationships"]:
        if it["relationshipType"] == "CONTAINS":
            found[packages[it["spdxElementId"]]].append(paths[it["relatedSpdxElement"]])
    return found


def dpkg(layout: str, package: str) -> str:
    command = ["dpkg-query", "--show", f"--showformat={layout}", package]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_it_is_valid_spdx(built: Built):
    document = parse_file(str(built.sbom))
    messages = validate_full_spdx_document(document, "SPDX-2.3")
    assert [it.validation_message for it in messages] == []


def test_it_is_about_this_image(sbom: dict, image: Image):
    assert sbom["documentNamespace"].endswith(image.digest.replace(":", "-"))
    (described,) = [
        it["relatedSpdxElement"]
        for it in sbom["relationships"]
        if it["relationshipType"] == "DESCRIBES"
    ]
    (ours,) = [it for it in sbom["packages"] if it["name"] == OURS]
    assert ours["SPDXID"] == described
    labels = image.config["config"]["Labels"]
    assert ours["versionInfo"] == labels["org.opencontainers.image.version"]
    assert labels["org.opencontainers.image.revision"] in ours["sourceInfo"]


def test_every_file_with_its_sum(sbom: dict, image: Image):
    listed = {
        it["fileName"].removeprefix("."): {
            one["algorithm"]: one["checksumValue"] for one in it["checksums"]
        }["SHA256"]
        for it in sbom["files"]
    }
    real = {name: hashlib.sha256(content).hexdigest() for name, content in image.files.items()}
    assert listed == real


def test_every_file_is_of_one_package(contents: dict[str, list[str]], image: Image):
    assert sorted(path for paths in contents.values() for path in paths) == sorted(image.files)
    assert contents[OURS] == [f"/{OURS}"]
    assert all(contents.values()), "a package without a file"


def test_debian_agrees(sbom: dict, contents: dict[str, list[str]], image: Image):
    """The package of a file has it in its list of sums, and is installed in this version."""
    for package in sbom["packages"]:
        name = package["name"]
        if name == OURS:
            continue
        assert package["versionInfo"] == dpkg("${Version}", name)
        (it,) = package["externalRefs"]
        version = package["versionInfo"].replace("+", "%2B")
        assert it["referenceLocator"].startswith(f"pkg:deb/debian/{name}@{version}?arch=")
        architecture = dpkg("${Architecture}", name)
        lists = [
            Path(f"/var/lib/dpkg/info/{stem}.md5sums") for stem in (name, f"{name}:{architecture}")
        ]
        (sums,) = [path.read_text() for path in lists if path.exists()]
        if AUTHORITIES in contents[name]:  # put together of files of this package
            assert name == "ca-certificates"
            assert contents[name] == [AUTHORITIES]
            for it in Path("/usr/share/ca-certificates/mozilla").iterdir():
                assert hashlib.md5(it.read_bytes()).hexdigest() in sums, f"{it} is not of {name}"
            continue
        for path in contents[name]:
            assert hashlib.md5(image.files[path]).hexdigest() in sums, f"{path} is not of {name}"
