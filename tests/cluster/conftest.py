"""Fixtures: one control plane for all tests of this folder, a database for each test."""

import shutil
from collections.abc import Callable, Iterator

import helpers  # isort: skip
import netns
import operators
import parts
import plane
import pytest
import store
import tools
from harbor import Database
from process import binary
from report import Report, latencies
from webhook import ENTRIES, Webhook

BUILD = helpers.TESTS.parent / "build/cluster"
ARTEFACTS = BUILD / "test"
REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    binary()
    config.stash[REPORT] = Report()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.stash[REPORT].lines:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(config.stash[REPORT].lines))


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Iterator[Report]:
    it = pytestconfig.stash[REPORT]
    yield it
    it.write(BUILD / "report.md")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[plane.Plane]:
    """The real control plane and operators; what they wrote is kept when a test failed."""
    reason = netns.obstacle()
    if reason:
        pytest.skip(reason)
    tools.build([*plane.PROGRAMS, *operators.PROGRAMS, "helm", "versitygw"])
    # From the network that is left behind here:
    operators.download()
    parts.container_python()
    netns.enter()
    with plane.running(ARTEFACTS) as it:
        operators.install(it)
        yield it
    if request.session.testsfailed == 0:
        shutil.rmtree(ARTEFACTS)


@pytest.fixture(scope="session")
def places(cluster: plane.Plane) -> Iterator[tuple[store.Store, store.Aws]]:
    """A real S3 server that checks keys and regions, where the chart's pods reach it; plain, and
    with TLS."""
    with store.versity(cluster.folder / "s3", netns.API_SERVER_ADDRESS) as it:
        yield it


@pytest.fixture(scope="session")
def s3(places: tuple[store.Store, store.Aws]) -> store.Store:
    return places[0]


@pytest.fixture(scope="session")
def webhook(cluster: plane.Plane, report: Report) -> Iterator[Webhook]:
    """The chart, installed, with two replicas."""
    it = Webhook(cluster)
    try:
        it.start()
        report.add(f"From `helm install` to the first repair: {it.seconds_to_repair:.1f} s.")
        yield it
        report.add("\nWhat the API server says of the time that calls took:\n")
        report.lines += latencies(cluster.api, ENTRIES)
    finally:
        it.stop()


@pytest.fixture
def database(cluster: plane.Plane, webhook: Webhook) -> Iterator[Callable[..., Database]]:
    """Makes databases: database("name-of-a-namespace", labels={...}, replicas=2)."""
    cluster.processes.check()
    webhook.node.check()
    made: list[Database] = []

    def make(
        namespace: str, labels: dict[str, str] | None = None, replicas: int | None = 1
    ) -> Database:
        metadata = {"name": namespace, "labels": labels or {}}
        cluster.api.create("namespaces", {"metadata": metadata})
        made.append(Database(cluster.api, namespace))
        if replicas:
            made[-1].create(replicas)
        return made[-1]

    yield make
    for it in made:
        it.api.delete("namespaces", None, it.namespace)
