"""The whole chain, in the plane of the cluster suite, with nodes on which pods really run.

HarborCluster -> Harbor-operator -> `postgresql` (our patch) -> postgres-operator -> pod (our patch)
-> a sandbox with Patroni, whose store is the API server -> the rows of an archive in S3.
"""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import operators
import plane
import tools
from entries import Entry
from names import Names
from parts import POSTGRES_VERSION
from plane import Plane, kwok_source
from process import merged
from registry import Registry
from scene import BUNDLE, Scene
from webhook import RESTORE_LABEL, Webhook
from worker import Image, Worker

OPERATORS = ("postgres-operator", "harbor-operator")
TOOLS = (*plane.PROGRAMS, *OPERATORS, "helm")

# Debian has no PostgreSQL 12, for which Harbor asks; the pinned image carries 15 as well.
CONFIGURATION = {"database": {"postgresqlVersion": POSTGRES_VERSION}}

# An operator that looks at a database just when that is deleted forgets its volumes: seen when it
# looked every 8 s. And it may miss that a pod has ended, for which it waits 10 minutes by default.
SETTINGS = {"resync_period": "10m", "pod_deletion_wait_timeout": "3s"}


def prepare() -> None:
    """From the machine's network whatever is not here yet."""
    tools.build(TOOLS)
    for fetch in (kwok_source, operators.postgres_source, operators.harbor_source):
        fetch()


class Chain:
    """All of it but a HarborCluster."""

    def __init__(self, plane: Plane, scene: Scene) -> None:
        self.plane = plane
        self.scene = scene
        self.workers = {it.name: self._worker(it) for it in scene.entries}
        self.etags: dict[str, dict[str, str]] = {}

    def start(self) -> None:
        for it in self.workers.values():
            it.start()

    def stop(self) -> None:
        for it in self.workers.values():
            it.stop()

    def registry(self, namespace: str, entry: Entry, restore: bool = True) -> Registry:
        """A namespace whose pods start by `entry`; with the label unless told otherwise."""
        worker, archive = self.workers[entry.name], self.scene.archive(entry)
        self.etags.setdefault(entry.name, self.scene.stores.versity.etags(archive.prefix))
        self.plane.binder.nodes[namespace] = worker.name
        labels = {RESTORE_LABEL: "enabled"} if restore else {}
        self.plane.api.create("namespaces", {"metadata": {"name": namespace, "labels": labels}})
        return Registry(worker, archive, namespace)

    def source_is_untouched(self, entry: Entry) -> bool:
        """By all registries of this entry."""
        prefix = self.scene.archive(entry).prefix
        return self.scene.stores.versity.etags(prefix) == self.etags[entry.name]

    def _worker(self, entry: Entry) -> Worker:
        """A node whose containers take the store for AWS."""
        aws = self.scene.stores.aws
        image = Image(entry, self.scene.lab.mounts, aws.hosts, {BUNDLE: aws.ca})
        name = f"worker-{entry.short}"
        return Worker(self.plane.api, name, self.plane.folder / name, image)


@contextlib.contextmanager
def running(scene: Scene, say: Callable[[str], None] = lambda _: None) -> Iterator[Chain]:
    """Until the end of the block; tells `say` what it is about to do."""
    with contextlib.ExitStack() as ends:
        beside = ends.enter_context(ThreadPoolExecutor(1))
        say("making Harbor's database, archiving it to S3, and losing it")
        lost = beside.submit(lambda: scene.lost)
        say("starting a control plane of Kubernetes")
        it = ends.enter_context(plane.running(scene.lab.folder / "chain"))
        chain = Chain(it, scene)
        ends.callback(chain.stop)
        chain.start()
        names = Names(it.api, it.folder / "hosts")
        ends.callback(names.stop)
        names.start()
        say("starting both operators, and installing the webhook by its chart")
        operators.install(it, names.file, SETTINGS)
        webhook = Webhook(it)
        webhook.values = merged(webhook.values, CONFIGURATION)
        ends.callback(webhook.stop)
        webhook.start()
        lost.result()
        yield chain
