"""Databases that differ in their pg_hba rules only, and what can be done with each of them."""

import functools
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import samples
from harbor import HARBORS_RULES
from lab import PYTHON, Lab
from node import AS_POSTGRES, Node
from operator_env import STANDBY_PASSWORD, SUPERUSER_PASSWORD, environment
from polling import wait_for
from process import binary
from sandbox import Sandbox

CONNECT = Path(__file__).with_name("connect.py")
HARBOR_PASSWORD = "of-harbor"
SECONDS = 120.0  # for what takes 10 on a machine that has nothing else to do
EVERY = 0.3  # each question costs Patroni a connection

# With this a member of zalandos gets in with any token, so one that gets in was asked by pam: it
# has no password. Spilo's own file asks a token service.
PAM = {"/etc/pam.d/postgresql": "auth required pam_permit.so\naccount required pam_permit.so\n"}

PLAIN_IPV6 = "host all all ::/0 md5"

TIGHTER = [
    "local all postgres peer",
    "local replication standby trust",
    "hostssl replication standby all md5",
    "hostssl all +zalandos all pam",
    "host all harbor 0.0.0.0/0 md5",
    "hostssl all all all md5",
]


@functools.cache
def decided() -> dict:
    """Harbor-operator's resource as the program of this project repairs it."""
    review = samples.FOLDER / "cr-create-real-harbor-operator.json"
    words = [binary(), "patch", "--output", "object", review]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def lists() -> dict[str, list[str]]:
    """By the name of its column in docs/pg_hba.md."""
    nine = decided()["spec"]["patroni"]["pg_hba"]
    left_out = {f"-{i + 1}": nine[:i] + nine[i + 1 :] for i in range(len(nine))}
    more = {"two": HARBORS_RULES, "IPv6": [*nine, PLAIN_IPV6], "tighter": TIGHTER}
    return {"nine": nine, **left_out, **more}


# A node is rewound by what the switchover uses too, and by Patroni's questions on the socket.
CUT = ("nine", "-6", "tighter")

KEPT = ("nine", "two")


# --- one way to connect

SOCKET = "/run/postgresql"
WORDS = {
    "no pg_hba.conf entry": "no",
    "password authentication failed": "refused",
    "Peer authentication failed": "refused",
}


@dataclass(frozen=True)
class Attempt:
    """From another address, or on the socket inside the pod."""

    label: str
    user: str
    password: str = ""
    where: str = "IPv4"
    tls: bool = True
    replication: bool = False

    def parameters(self, node: Node) -> dict:
        hosts = {"IPv4": node.sandbox.address, "IPv6": node.sandbox.address6, "socket": SOCKET}
        words = {
            "host": hosts[self.where],
            "user": self.user,
            "password": self.password or "none",
            "dbname": "postgres",
            "sslmode": "require" if self.tls and self.where != "socket" else "disable",
        }
        return {**words, "replication": "true"} if self.replication else words


ATTEMPTS = [
    Attempt("socket, `postgres`", "postgres", where="socket"),
    Attempt("socket, `harbor` without a password", "harbor", where="socket"),
    Attempt("socket, replication as `postgres`", "postgres", where="socket", replication=True),
    Attempt("socket, replication as `standby`", "standby", where="socket", replication=True),
    Attempt("IPv4, `harbor`, plain", "harbor", HARBOR_PASSWORD, tls=False),
    Attempt("IPv4, `harbor`, TLS", "harbor", HARBOR_PASSWORD),
    Attempt("IPv4, `postgres`, TLS", "postgres", SUPERUSER_PASSWORD),
    Attempt("IPv4, member of `zalandos`, TLS", "human"),
    Attempt(
        "IPv4, replication as `standby`, plain",
        *("standby", STANDBY_PASSWORD),
        tls=False,
        replication=True,
    ),
    Attempt("IPv4, replication as `standby`, TLS", "standby", STANDBY_PASSWORD, replication=True),
    Attempt(
        "IPv4, replication as `postgres`, TLS", "postgres", SUPERUSER_PASSWORD, replication=True
    ),
    Attempt("IPv4, replication as `harbor`, TLS", "harbor", HARBOR_PASSWORD, replication=True),
    Attempt("IPv6, `harbor`, plain", "harbor", HARBOR_PASSWORD, where="IPv6", tls=False),
    Attempt("IPv6, `harbor`, TLS", "harbor", HARBOR_PASSWORD, where="IPv6"),
    Attempt("IPv6, member of `zalandos`, TLS", "human", where="IPv6"),
    Attempt(
        "IPv6, replication as `standby`, TLS",
        *("standby", STANDBY_PASSWORD),
        where="IPv6",
        replication=True,
    ),
]


def word(attempt: Attempt, answer: str) -> str:
    """What the page says of PostgreSQL's answer."""
    said = "yes" if not answer else next((WORDS[it] for it in WORDS if it in answer), answer)
    if attempt.user == "human":
        return {"yes": "pam", "refused": "password"}.get(said, said)
    return said


# --- a database

LEADS = "the first node becomes the leader"
JOINS = "a replica joins"
SWITCHES = "a switchover works, and the old leader follows"
HEALS = "a leader that was cut off, and is ahead of the next one, follows it"
POSITION = "Patroni can ask its own node for its timeline"

LOCKED_OUT = "no pg_hba.conf entry for replication connection"
NO_TIMELINE = "Local timeline=None"  # what says whether to rewind
CYCLES = 5  # of Patroni, in which it stays so
NO_POSITION = "Can not fetch local timeline and lsn from replication connection"


@dataclass
class Database:
    """Up to two nodes with the same rules, and what was seen of them."""

    lab: Lab
    name: str
    rules: list[str]
    nodes: list[Node] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def start_node(self) -> Node:
        scope = f"rules{self.name}"
        env = environment(scope, self.rules)
        self.nodes.append(Node(self.lab, f"{scope}-{len(self.nodes)}", env, files=PAM).start())
        return self.nodes[-1]

    @property
    def first(self) -> Node:
        return self.nodes[0]

    def wait_leader(self) -> None:
        """Until it leads, or has ended because it cannot."""
        it = self.first
        wait_for(
            f"{it.name} leads or ends",
            lambda: it.leads() or not it.sandbox.running(),
            SECONDS,
            EVERY,
        )
        self.seen[LEADS] = "yes" if it.sandbox.running() else "no"

    def wait_replica(self) -> None:
        """Until the second node follows, or was refused the base backup."""
        it = self.nodes[1]
        wait_for(
            f"{it.name} follows or is refused",
            lambda: follows(it) or LOCKED_OUT in it.sandbox.log(),
            SECONDS,
            EVERY,
        )
        self.seen[JOINS] = "yes" if follows(it) else "no"

    def create_roles(self) -> None:
        """As the operator does: Harbor's with the options of the resource."""
        options = " ".join(decided()["spec"]["users"]["harbor"])
        self.first.sql(f"create role harbor login {options} password '{HARBOR_PASSWORD}'")
        self.first.sql("create role zalandos; create role human login in role zalandos")

    def attempt(self, client: Sandbox) -> None:
        """Connects in each way to the first node."""
        for attempt, answer in zip(ATTEMPTS, self.answers(client, ATTEMPTS), strict=True):
            self.seen[attempt.label] = word(attempt, answer)

    def answers(self, client: Sandbox, attempts: list[Attempt]) -> list[str]:
        """What the first node says to each, "" when it lets in; on its socket as Patroni's user."""
        inside = [it for it in attempts if it.where == "socket"]
        outside = [it for it in attempts if it.where != "socket"]
        said = {
            **self._answers(self.first.sandbox, inside, *AS_POSTGRES),
            **self._answers(client, outside),
        }
        return [said[it] for it in attempts]

    def _answers(self, place: Sandbox, attempts: list[Attempt], *before: str) -> dict:
        ways = json.dumps([it.parameters(self.first) for it in attempts])
        done = place.run(*before, PYTHON, "-c", CONNECT.read_text(), input=ways)
        assert done.returncode == 0, done.stderr
        return dict(zip(attempts, json.loads(done.stdout), strict=True))

    def switch(self) -> None:
        """Asks for a switchover to the second node."""
        leader, candidate = (it.name for it in self.nodes)
        body = {"leader": leader, "candidate": candidate}
        status, _ = self.first.rest("POST", "/switchover", body)
        self.seen[SWITCHES] = "yes" if status == 200 else "no"

    def wait_switched(self) -> None:
        def question() -> bool:
            return self.nodes[1].leads() and follows(self.first)

        wait_for(f"{self.name} has switched over", question, SECONDS, EVERY)

    def end(self) -> None:
        """Its logs stay."""
        for node in self.nodes:
            node.sandbox.kill()

    def read_log(self) -> None:
        self.seen[POSITION] = "no" if NO_POSITION in self.first.sandbox.log() else "yes"

    def give_up_soon(self) -> None:
        """A leader without its store steps down sooner, and without waiting for its replica; until
        here a slow machine has time."""
        postgres = {"parameters": {"wal_sender_timeout": "2s"}}
        changes = {"ttl": 20, "retry_timeout": 3, "postgresql": postgres}
        status, text = self.first.rest("PATCH", "/config", changes)
        assert status == 200, text

    def cut_off(self) -> None:
        """Takes the second node, which leads, off the network; it has what the first has not."""
        second = self.nodes[1]
        second.sandbox.run("ip", "link", "set", "eth0", "down", check=True)
        second.sql("create table ahead as select 1 as id")

    def wait_stepped_down(self) -> None:
        second = self.nodes[1]
        wait_for(f"{second.name} has stepped down", lambda: read_only(second), SECONDS, EVERY)
        self.lab.forget_leader(second.env["SCOPE"])

    def join_again(self) -> None:
        """When the first node leads, the second comes back to the network."""
        first, second = self.nodes
        wait_for(f"{first.name} leads", first.leads, SECONDS, EVERY)
        second.sandbox.run("ip", "link", "set", "eth0", "up", check=True)

    def wait_healed(self) -> None:
        """Until the second node follows, or Patroni does not know whether to rewind it."""
        second = self.nodes[1]
        begin = len(second.sandbox.log())

        def question() -> bool:
            return follows(second) or second.sandbox.log()[begin:].count(NO_TIMELINE) >= CYCLES

        wait_for(f"{second.name} is back", question, SECONDS, EVERY)
        self.seen[HEALS] = "yes" if follows(second) else "no"


PROBES = [LEADS, JOINS, SWITCHES, HEALS, POSITION, *(it.label for it in ATTEMPTS)]


def follows(node: Node) -> bool:
    return node.state().get("replication_state") == "streaming"


def read_only(node: Node) -> bool:
    return node.psql("select pg_is_in_recovery()").stdout.strip() == "t"


def measure(lab: Lab, client: Sandbox, names: list[str]) -> dict[str, Database]:
    """All at once, since most of the time each of them waits; only those of KEPT go on."""
    rules = lists()
    databases = {name: Database(lab, name, rules[name]) for name in names}
    for it in databases.values():
        it.start_node()
    for it in databases.values():
        it.wait_leader()
    led = [it for it in databases.values() if it.seen[LEADS] == "yes"]
    for it in led:
        it.create_roles()
        it.start_node()
    for it in led:
        it.wait_replica()
    with ThreadPoolExecutor(len(led) or 1) as pool:
        list(pool.map(Database.switch, led))
    switched = [it for it in led if it.seen[SWITCHES] == "yes"]
    for it in switched:
        it.wait_switched()
    cut = [it for it in switched if it.name in CUT]
    for it in cut:
        it.give_up_soon()
    for it in led:
        it.read_log()
        it.attempt(client)
    for it in databases.values():
        if it not in cut and it.name not in KEPT:
            it.end()
    for it in cut:
        it.cut_off()
    for it in cut:
        it.wait_stepped_down()
    for it in cut:
        it.join_again()
    for it in cut:
        it.wait_healed()
        if it.name not in KEPT:
            it.end()
    return databases
