"""Fixtures: the image, built from a copy of the sources, and containers of it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / "wire"))

import pytest  # noqa: E402
from container import Container, Podman  # noqa: E402
from oci import Image  # noqa: E402

ROOT = TESTS.parent
COMMIT_DATE = "2026-11-22T12:00:00+00:00"


@dataclass(frozen=True)
class Built:
    """What ./dev image made of a copy of the sources."""

    sources: Path
    output: str

    @property
    def archive(self) -> Path:
        return self.sources / "build/image/harbor-pg-webhook.oci.tar"

    @property
    def sbom(self) -> Path:
        return self.sources / "build/image/harbor-pg-webhook.spdx.json"


def git(folder: Path, *words: str) -> str:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull}
    settings |= {f"GIT_{who}_DATE": COMMIT_DATE for who in ("AUTHOR", "COMMITTER")}
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings}, capture_output=True, check=True
    )
    return done.stdout.decode()


def build(sources: Path, umask: int = 0o022, **environment: str) -> Built:
    done = subprocess.run(
        [sources / "tests/dev/image"],
        env={**os.environ, **environment},
        umask=umask,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Built(sources, done.stdout)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hpw-image-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def sources(folder: Path) -> Path:
    """The sources as they are now, in a repository with one commit that is always the same."""
    copy = folder / "sources"
    copy.mkdir()
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    git(copy, "init", "--quiet")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "sources")
    return copy


@pytest.fixture(scope="session")
def built(sources: Path) -> Built:
    return build(sources)


@pytest.fixture(scope="session")
def rebuilt(sources: Path, folder: Path) -> Built:
    """Built again: from nothing, elsewhere, by somebody with other settings."""
    copy = folder / "some/other/place"
    git(folder, "clone", "--quiet", "--shared", str(sources), str(copy))
    return build(copy, umask=0o077, TZ="Asia/Tokyo", LC_ALL="C", USER="somebody")


@pytest.fixture(scope="session")
def image(built: Built) -> Image:
    return Image(built.archive)


@pytest.fixture(scope="session")
def podman(built: Built) -> Iterator[Podman]:
    with tempfile.TemporaryDirectory(prefix="hpw-podman-") as name:
        podman = Podman(Path(name))
        podman.load(built.archive)
        reason = podman.obstacle()
        if reason:
            pytest.skip(reason)
        yield podman
        podman("rm", "--force", "--all")


@pytest.fixture
def start(podman: Podman, tmp_path: Path) -> Iterator[Callable[..., Container]]:
    """Starts containers that serve, in development mode unless told otherwise:
    start({"server": {...}}, "--env=A=b")."""
    containers: list[Container] = []

    def start_one(changes: dict | None = None, *options: str) -> Container:
        folder = tmp_path / f"container-{len(containers)}"
        containers.append(Container.prepared(podman, folder, changes, options))
        return containers[-1].start()

    yield start_one
    for one in containers:
        one.kill()
