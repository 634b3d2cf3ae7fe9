"""Fixtures: one lab for all tests of this folder, one disaster, and the entry points."""

import shutil
from collections.abc import Iterator

import helpers  # isort: skip
import parts
import pytest
import scene as scenes
import spilo
from entries import STAND_IN, Entry
from lab import Lab
from process import binary

ARTEFACTS = helpers.ROOT / "build/restore/test"

PAIRS = {f"spilo-{spilo.scripts_version(it)}": (it, program) for it, program in spilo.pairs()}
ABSENT = pytest.param("spilo", marks=pytest.mark.skip(reason=spilo.ABSENT))


def pytest_configure(config: pytest.Config) -> None:
    binary()
    config.addinivalue_line("markers", "rules(*names): the databases that a test asks about")


def pytest_collection_finish(session: pytest.Session) -> None:
    """What modules of tests get from the machine's network, before the lab leaves it."""
    for prepare in {getattr(it.module, "prepare", None): None for it in session.items}:
        if prepare:
            prepare()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which entry points there were; the names of the tests say which of them each one used."""
    real = ", ".join(PAIRS) or f"none ({spilo.ABSENT})"
    terminalreporter.write_line(f"entry points: stand-in (ours); spilo's own: {real}")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """What its programs wrote is kept when a test failed."""
    reason = parts.obstacle()
    if reason:
        pytest.skip(reason)
    spilo.download()
    made = Lab(ARTEFACTS)
    try:
        yield made
    finally:
        made.stop()
    if request.session.testsfailed == 0:
        shutil.rmtree(ARTEFACTS)


@pytest.fixture(scope="session")
def scene(lab: Lab) -> Iterator[scenes.Scene]:
    entries = [STAND_IN, *(spilo.prepare(*it, lab.folder) for it in PAIRS.values())]
    with scenes.made(lab, entries) as made:
        yield made


@pytest.fixture(scope="session", params=["stand-in", *(PAIRS or [ABSENT])])
def entry(request: pytest.FixtureRequest, scene: scenes.Scene) -> Entry:
    """Each that there is; what a test shows, it shows with each of them."""
    names = ["stand-in", *PAIRS]
    return scene.entries[names.index(request.param)]
