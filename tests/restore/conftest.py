"""Fixtures: one lab for all tests of this folder."""

import shutil
from collections.abc import Iterator

import helpers  # isort: skip
import parts
import pytest
from lab import Lab
from process import binary

ARTEFACTS = helpers.ROOT / "build/restore/test"


def pytest_configure(config: pytest.Config) -> None:
    binary()
    config.addinivalue_line("markers", "rules(*names): the databases that a test asks about")


def pytest_collection_finish(session: pytest.Session) -> None:
    """What modules of tests get from the machine's network, before the lab leaves it."""
    for prepare in {getattr(it.module, "prepare", None): None for it in session.items}:
        if prepare:
            prepare()


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """What its programs wrote is kept when a test failed."""
    reason = parts.obstacle()
    if reason:
        pytest.skip(reason)
    made = Lab(ARTEFACTS)
    try:
        yield made
    finally:
        made.stop()
    if request.session.testsfailed == 0:
        shutil.rmtree(ARTEFACTS)
