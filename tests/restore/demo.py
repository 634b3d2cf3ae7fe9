"""A restore and its end, in the right order, for a person to watch: ./dev demo restore.

Both operators, the control plane, our webhook with its chart, Patroni, PostgreSQL and the S3 server
are the real ones; what starts in a pod is a stand-in for the image. Exits with 0 when all rows are
back.
"""

import helpers  # isort: skip
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator

import chain
import parts
import sandbox
import store
import tools
from api import INTERVAL
from chain import Chain
from entries import STAND_IN
from harbor import harbor_cluster
from lab import Lab
from polling import Stopwatch, wait_for
from registry import PATIENCE, RESTORE, Registry
from scene import Scene
from webhook import RESTORE_LABEL

FOLDER = helpers.ROOT / "build/restore/demo"
NAMESPACE = "harbor"
SECRETS = ("password=", "CLONE_AWS_ACCESS_KEY_ID=", "CLONE_AWS_SECRET_ACCESS_KEY=")
OLD_PASSWORD = "harbor-of-old"
WIDTH = 96
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ

clock = Stopwatch()


def say(text: str) -> None:
    print(f"{clock.seconds():4.0f} s  {text}", flush=True)


def title(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if COLOUR else f"\n{text}", flush=True)


def main() -> int:
    reason = parts.obstacle()
    if reason:
        print(f"no demo here: {reason}", file=sys.stderr)
        return 1
    say("getting and building what is not here yet, at the first time for a quarter of an hour")
    chain.prepare()
    lab = Lab(FOLDER)
    try:
        with store.versity(lab.folder / "stores", sandbox.HOST) as (s3, aws):
            # Nobody asks for a second store.
            scene = Scene(lab, store.Stores(s3, s3, aws), [STAND_IN])
            with chain.running(scene, say) as it:
                same = show(it)
    finally:
        lab.stop()
    if same:
        shutil.rmtree(FOLDER)
    return 0 if same else 1


def show(it: Chain) -> bool:
    """Whether all rows are back."""
    registry = it.registry(NAMESPACE, STAND_IN, restore=False)
    kubectl = Kubectl(it, registry)
    give_inputs(kubectl, registry)
    title("The HarborCluster, as it was before")
    kubectl("create", "-f", "harborcluster.json", stdin=json.dumps(harbor_cluster(2)))
    watch(registry, "it runs, and the replica follows", lambda: complete(registry))

    title("1. A leader, and the rows")
    first = compare(registry, it.scene.lost.final.tables)
    answer = registry.login("harbor", OLD_PASSWORD, "select count(*) from project")
    say(f"harbor logs in with its old password and sees {answer} projects")

    title("2. The label comes off: from now on a new pod is an ordinary one")
    kubectl("label", "namespace", NAMESPACE, f"{RESTORE_LABEL}-")
    registry.restore_off()

    title("3. Every pod is made again once, replicas first; until then pods refer to the Secret")
    for pod in (registry.replica(), registry.leader()):
        is_another = replaced(registry, pod)
        kubectl("delete", "pod", pod, "--wait=false")
        watch(registry, "another pod has taken its place", is_another)
    left = json.dumps(registry.pods()).count(RESTORE)
    say(f"pods refer to {RESTORE} {left} times")

    title("4. Only now the ConfigMap and the Secret go")
    kubectl("delete", "configmap,secret", RESTORE)
    for pod in (registry.replica(), registry.leader()):
        say(f"the container of {pod} dies")
        registry.restart(pod)
        say("and starts again, with the data that was there")

    title("The rows, in the archive's source and in the restored leader")
    last = compare(registry, it.scene.lost.final.tables)
    untouched = it.source_is_untouched(STAND_IN)
    say(f"the objects of the source are {'untouched' if untouched else 'NOT WHAT THEY WERE'}")
    return first and last and untouched and left == 0


def give_inputs(kubectl: "Kubectl", registry: Registry) -> None:
    title("The old password of Harbor's role, before there is a HarborCluster")
    old = ("--from-literal=username=harbor", f"--from-literal=password={OLD_PASSWORD}")
    kubectl("create", "secret", "generic", f"harbor.{registry.name}.credentials", *old)
    title("What to restore from: a ConfigMap, a Secret, and the label of the namespace")
    kinds = {"configmap": registry.inputs(), "secret generic": registry.keys()}
    for kind, data in kinds.items():
        words = (f"--from-literal={key}={value}" for key, value in data.items())
        kubectl("create", *kind.split(), RESTORE, *words)
    kubectl("label", "namespace", NAMESPACE, f"{RESTORE_LABEL}=enabled")


class Kubectl:
    """Shows a command, without what is secret, runs it, and shows what it says."""

    def __init__(self, it: Chain, registry: Registry) -> None:
        self.run = it.plane.kubectl
        self.namespace = registry.namespace

    def __call__(self, *words: str, stdin: str = "") -> None:
        for line in folded(["kubectl", "-n", self.namespace, *(masked(it) for it in words)]):
            print(line, flush=True)
        of_file = ["-" if it.endswith(".json") else it for it in words]
        print(self.run("-n", self.namespace, *of_file, stdin=stdin).out.rstrip(), flush=True)


def masked(word: str) -> str:
    name = word.removeprefix("--from-literal=")
    return f"--from-literal={name.partition('=')[0]}=…" if name.startswith(SECRETS) else word


def folded(words: list[str]) -> Iterator[str]:
    line = "$"
    for word in (it if "…" in it else shlex.quote(it) for it in words):
        if len(line) + len(word) > WIDTH:
            yield f"{line} \\"
            line = "   "
        line += f" {word}"
    yield line


def watch(registry: Registry, until: str, true: Callable[[], bool]) -> None:
    """Tells every change on the way."""
    told = ""

    def question() -> bool:
        nonlocal told
        now = state(registry)
        if now != told:
            say(now)
            told = now
        return true()

    wait_for(until, question, PATIENCE, INTERVAL)
    say(until)


def state(registry: Registry) -> str:
    found = registry.api.find("postgresqls", registry.namespace, registry.name) or {}
    status = found.get("status", {}).get("PostgresClusterStatus") or "not there yet"
    pods = [of_pod(it, registry.name) for it in registry.pods()]
    return "; ".join([f"postgresql {status}", *pods])


def of_pod(pod: dict, resource: str) -> str:
    metadata = pod["metadata"]
    name = f"pod {metadata['name'].removeprefix(resource)}"
    if "deletionTimestamp" in metadata:
        return f"{name} ends"
    role = metadata["labels"].get("spilo-role", "no role yet")
    return f"{name} {pod['status'].get('phase', 'Pending')}, {role}"


def complete(registry: Registry) -> bool:
    roles = sorted(it["metadata"]["labels"].get("spilo-role", "") for it in registry.pods())
    found = registry.api.find("postgresqls", registry.namespace, registry.name) or {}
    status = found.get("status", {}).get("PostgresClusterStatus")
    return roles == ["master", "replica"] and status == "Running" and registry.follows()


def replaced(registry: Registry, pod: str) -> Callable[[], bool]:
    before = registry.uid(pod)
    return lambda: registry.uid(pod) not in ("", before) and complete(registry)


def compare(registry: Registry, source: dict) -> bool:
    """Prints the table; whether it has no difference."""
    found = registry.fingerprint(registry.leader()).tables
    print(f"{'table':<24}{'source':>10}{'restored':>10}  digest")
    for name in sorted({*source, *found}):
        rows = [str(tables.get(name, {}).get("rows", "none")) for tables in (source, found)]
        word = "equal" if source.get(name) == found.get(name) else "DIFFERENT"
        print(f"{name:<24}{rows[0]:>10}{rows[1]:>10}  {word}", flush=True)
    return source == found


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (tools.BuildFailed, AssertionError) as failed:
        print(f"{failed}\nlogs: {FOLDER}", file=sys.stderr)
        sys.exit(1)
