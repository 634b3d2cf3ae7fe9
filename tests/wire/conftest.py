"""Fixtures: servers to talk to. Each test names what it needs."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from pki import Authority
from process import Server, binary, prepared, running


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The CA of the suite."""
    return Authority("wire test CA")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Server]:
    """A server with the default settings, shared by the tests of a file."""
    with running(tmp_path_factory.mktemp("server"), authority) as it:
        yield it


@pytest.fixture
def start(tmp_path, authority: Authority) -> Iterator[Callable[..., Server]]:
    """Starts servers with settings of their own: start({"server": {...}})."""
    with contextlib.ExitStack() as stack:
        count = iter(range(1000))

        def start_one(changes: dict | None = None) -> Server:
            folder = tmp_path / f"server-{next(count)}"
            return stack.enter_context(running(folder, authority, changes))

        yield start_one


@pytest.fixture
def prepare(tmp_path, authority: Authority) -> Iterator[Callable[..., Server]]:
    """Servers whose files are in place, to be started by the test; killed if it forgets."""
    servers: list[Server] = []

    def prepare_one(changes: dict | None = None) -> Server:
        servers.append(prepared(tmp_path / f"prepared-{len(servers)}", authority, changes))
        return servers[-1]

    yield prepare_one
    for one in servers:
        one.kill()


def pytest_configure(config: pytest.Config) -> None:
    binary()
