"""Fixtures: two real S3 servers for all tests of this folder, and an archive of PostgreSQL's."""

import shutil
from collections.abc import Iterator

import helpers  # isort: skip
import netns
import pytest
import real
import sandbox
import store
from process import binary

ARTEFACTS = helpers.ROOT / "build/archive/test"


def pytest_configure(config: pytest.Config) -> None:
    binary()


@pytest.fixture(scope="session")
def stores(request: pytest.FixtureRequest) -> Iterator[store.Stores]:
    """Both, in a network of the suite's own; what they wrote is kept when a test failed."""
    reason = netns.obstacle()
    if reason:
        pytest.skip(reason)
    store.prepare()  # from the network that is left behind here
    netns.enter()
    sandbox.make_network()
    shutil.rmtree(ARTEFACTS, ignore_errors=True)
    with store.running(ARTEFACTS, sandbox.HOST) as made:
        yield made
    if request.session.testsfailed == 0:
        shutil.rmtree(ARTEFACTS)


@pytest.fixture(params=["versity", "seaweed"])
def either(request: pytest.FixtureRequest, stores: store.Stores) -> store.Store:
    """Each of them: what a test shows, it shows with both."""
    return getattr(stores, request.param)


@pytest.fixture(scope="session")
def postgresql() -> real.Real:
    """What the stand-in of the restore suite has made of a real database."""
    if not (real.DEBIAN / "postgres").exists():
        pytest.skip(f"no PostgreSQL here: there is no {real.DEBIAN}/postgres")
    return real.standing_in()
