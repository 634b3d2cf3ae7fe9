"""The whole chain, in the plane of the cluster suite, with a worker on which pods really run.

HarborCluster -> Harbor-operator -> `postgresql` (our patch) -> postgres-operator -> pod (our patch)
-> a sandbox with Patroni, whose store is the API server -> the rows of an archive in S3.
"""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import operators
import plane
import sandbox
import source
import store
import tools
from entries import STAND_IN
from lab import Lab
from names import Names
from parts import POSTGRES_VERSION
from plane import Plane, kwok_source
from process import merged
from registry import Registry
from webhook import RESTORE_LABEL, Webhook
from worker import Image, Worker

OPERATORS = ("postgres-operator", "harbor-operator")
TOOLS = (*plane.PROGRAMS, *OPERATORS, "helm")
WORKER = "worker-0"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"

# Debian has no PostgreSQL 12, for which Harbor asks; the pinned image carries 15 as well.
CONFIGURATION = {"database": {"postgresqlVersion": POSTGRES_VERSION}}

# An operator that looks at a database just when that is deleted forgets its volumes: seen when it
# looked every 8 s.
SETTINGS = {"resync_period": "10m"}


def prepare() -> None:
    """From the machine's network whatever is not here yet."""
    tools.build(TOOLS)
    for fetch in (kwok_source, operators.postgres_source, operators.harbor_source):
        fetch()


class Chain:
    """All of it but a HarborCluster, and the archive of a database that is lost."""

    def __init__(self, plane: Plane, worker: Worker, s3: store.Store, lost: source.Source) -> None:
        self.plane = plane
        self.worker = worker
        self.s3 = s3
        self.lost = lost
        self.archive = lost.archives[STAND_IN.name]
        self.etags = s3.etags(self.archive.prefix)

    def registry(self, namespace: str) -> Registry:
        """A namespace that is labelled for a restore, and whose pods run on the worker."""
        self.plane.binder.nodes[namespace] = WORKER
        metadata = {"name": namespace, "labels": {RESTORE_LABEL: "enabled"}}
        self.plane.api.create("namespaces", {"metadata": metadata})
        return Registry(self.worker, self.archive, namespace)

    def archive_is_untouched(self) -> bool:
        return self.s3.etags(self.archive.prefix) == self.etags


@contextlib.contextmanager
def running(lab: Lab, say: Callable[[str], None] = lambda _: None) -> Iterator[Chain]:
    """Until the end of the block; tells `say` what it is about to do."""
    with contextlib.ExitStack() as ends:
        s3, aws = ends.enter_context(store.versity(lab.folder, sandbox.HOST))
        beside = ends.enter_context(ThreadPoolExecutor(1))
        say("making Harbor's database, archiving it to S3, and losing it")
        archiver = source.Archiver(STAND_IN.name, STAND_IN.archiver)
        lost = beside.submit(source.make, lab.sandbox("source"), [archiver], s3)
        say("starting a Kubernetes control plane")
        it = ends.enter_context(plane.running(lab.folder / "chain"))
        worker = start_worker(ends, it, lab, aws)
        say("starting both operators, and installing the webhook with its chart")
        names = Names(it.api, it.folder / "hosts")
        ends.callback(names.stop)
        names.start()
        operators.install(it, names.file, SETTINGS)
        webhook = Webhook(it)
        webhook.values = merged(webhook.values, CONFIGURATION)
        ends.callback(webhook.stop)
        webhook.start()
        yield Chain(it, worker, s3, lost.result())


def start_worker(ends: contextlib.ExitStack, it: Plane, lab: Lab, aws: store.Aws) -> Worker:
    """A node whose containers take the store for AWS."""
    bundle = Path(AUTHORITIES).read_text() + aws.ca
    image = Image(STAND_IN.command, lab.mounts, aws.hosts, {AUTHORITIES: bundle})
    worker = Worker(it.api, WORKER, it.folder / "worker", image)
    ends.callback(worker.stop)
    worker.start()
    return worker
