"""A pod run to its end: from the pod as it is stored to a leader, or whatever else becomes of it.

end = restored.run(lab, STAND_IN, "latest", pod, objects, **stores.…)
end.state         # "leader", "ended", "stuck", "not created"
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import source
from entries import Entry
from kubelet import CreateContainerConfigError, environment, lookup
from lab import Lab
from node import Node
from polling import Stopwatch, wait_for

LEADER_SECONDS = 90.0
LOG_TAIL = 4000


@dataclass
class End:
    state: str  # leader | ended | stuck | not created
    seconds: float
    log: str
    fingerprint: source.Fingerprint | None = None  # of a leader that has Harbor's database
    node: Node | None = None

    def has_to_be(self, *states: str) -> None:
        assert self.state in states, f"{self.state}:\n{self.log[-LOG_TAIL:]}"

    def says(self, pattern: str) -> str:
        """The first text of the log that matches; a failure shows the end of the log."""
        match = re.search(pattern, self.log)
        assert match, f"no '{pattern}' in:\n{self.log[-LOG_TAIL:]}"
        return match[0]


@contextlib.contextmanager
def run(
    lab: Lab,
    entry: Entry,
    name: str,
    pod: dict,
    objects: Iterable[dict],
    stuck_when: str = "",
    times: int = 1,
    **sandbox: Mapping[str, str],
) -> Iterator[End]:
    """What becomes of the pod's container, while the block runs. It is stuck when it neither leads
    nor has ended, and its log has said `stuck_when` so many `times`."""
    clock = Stopwatch()
    pod = {**pod, "status": {"podIP": ""}}  # the node knows it
    try:
        env = environment(pod, lookup(objects))
    except CreateContainerConfigError as reason:
        yield End("not created", clock.seconds(), f"CreateContainerConfigError: {reason}")
        return
    options = {"mounts": entry.mounts, **sandbox}
    node = Node(lab, name, entry.without_kubernetes(env), entry.command, **options).start()
    try:
        state = wait_for(
            f"{name} leads, ends, or hangs: {node.sandbox.log_file}",
            lambda: _state(node, stuck_when, times),
            LEADER_SECONDS,
            0.1,
        )
        end = End(state, clock.seconds(), _log(node, entry), node=node)
        if state == "leader" and _has_database(node):
            end.fingerprint = source.fingerprint(node.sandbox)
        yield end
    finally:
        node.sandbox.kill()


def _log(node: Node, entry: Entry) -> str:
    """The container's, and PostgreSQL's where it has its own."""
    more = entry.postgres_logs and node.sandbox.run("sh", "-c", f"cat {entry.postgres_logs}").stdout
    return node.sandbox.log() + more


def _state(node: Node, stuck_when: str, times: int) -> str:
    if node.leads():
        return "leader"
    if not node.sandbox.running():
        return "ended"
    if stuck_when and len(re.findall(stuck_when, node.sandbox.log())) >= times:
        return "stuck"
    return ""


def _has_database(node: Node) -> bool:
    found = node.sql(f"select count(*) from pg_database where datname = '{source.DATABASE}'")
    return found == "1"
