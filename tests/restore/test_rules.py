"""What pg_hba rules do to a database of Harbor, on a real Patroni and PostgreSQL.

The tables of docs/pg_hba.md are measured here; UPDATE_DOCS=1 writes them.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import operator_env
import pytest
import rules
import rules_page
from harbor import HARBORS_RULES, RULES
from lab import Lab
from node import Node
from polling import wait_for
from rules import ATTEMPTS, HEALS, JOINS, LEADS, SWITCHES, Attempt, Database
from sandbox import Sandbox

# Of PostgreSQL 15; 12, which Harbor runs, has "SSL off" in place of "no encryption".
LOCKED_OUT = (
    'FATAL:  no pg_hba.conf entry for host "[local]", user "postgres", database "postgres",'
    " no encryption"
)
TRIES_AGAIN = "Error communicating with PostgreSQL. Will try again later"

LISTS = ["nine", *(f"-{number}" for number in range(1, 10)), "two", "IPv6", "tighter"]

nine = pytest.mark.rules("nine")


def asks(name: str) -> object:
    """A parameter that names a database."""
    return pytest.param(name, marks=pytest.mark.rules(name), id=name)


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[Sandbox]:
    """Another pod."""
    made = lab.sandbox("client")
    yield made
    made.kill()


@pytest.fixture(scope="module")
def databases(
    lab: Lab, client: Sandbox, request: pytest.FixtureRequest
) -> Iterator[dict[str, Database]]:
    """Those that the chosen tests ask about, measured together."""
    marks = [mark for item in request.session.items for mark in item.iter_markers("rules")]
    asked = {name for mark in marks for name in mark.args}
    made = rules.measure(lab, client, [name for name in LISTS if name in asked])
    yield made
    for database in made.values():
        database.end()


@pytest.fixture
def answer(databases: dict[str, Database], client: Sandbox) -> Callable[[Attempt], str]:
    """What the database with the nine rules says to somebody who connects."""
    return lambda attempt: databases["nine"].answers(client, [attempt])[0]


def labelled(label: str) -> Attempt:
    return next(it for it in ATTEMPTS if it.label == label)


# --- what is carried


def folded(lines: list[str]) -> list[str]:
    return [" ".join(line.split()) for line in lines]


def test_the_operator_carries_what_is_decided() -> None:
    """The environment of all databases here is that of the real operator's pod, in this form."""
    spec = rules.decided()["spec"]
    carried = json.loads(operator_env.real_environment()["SPILO_CONFIGURATION"])
    bootstrap = carried["bootstrap"]
    assert spec["patroni"]["pg_hba"] == RULES
    assert folded(carried["postgresql"]["pg_hba"]) == folded(RULES)
    assert bootstrap["dcs"]["postgresql"]["parameters"] == spec["postgresql"]["parameters"]
    for name, value in spec["patroni"]["initdb"].items():
        assert (name if value == "true" else {name: value}) in bootstrap["initdb"]


# --- Harbor's two rules


@pytest.mark.rules("two")
def test_harbors_two_rules_end_a_new_database(databases: dict[str, Database]) -> None:
    database = databases["two"]
    node = database.first.sandbox
    assert database.seen[LEADS] == "no"
    assert LOCKED_OUT in node.log()
    assert "Failed to bootstrap cluster" in node.log()
    assert node.wait(10) != 0
    assert node.run("test", "-d", "/home/postgres/pgdata/pgroot/data.failed").returncode == 0


def test_harbors_two_rules_lock_patroni_out_of_a_database_that_was_right(lab: Lab) -> None:
    node = Node(lab, "undone-0", operator_env.environment("undone", RULES)).start().wait_leader()
    node.sql("create table projects as select 1 as id")

    before = restart(node, HARBORS_RULES)
    wait_for("Patroni is locked out", lambda: TRIES_AGAIN in node.sandbox.log()[before:], 60)
    assert LOCKED_OUT in node.sandbox.log()[before:]
    assert node.sandbox.running()
    assert not node.leads()

    restart(node, RULES)
    node.wait_leader()
    assert node.sql("select id from projects") == "1"
    node.sandbox.kill()


def restart(node: Node, list_: list[str]) -> int:
    """As a pod whose resource has other rules now; gives where its log begins."""
    assert node.sandbox.terminate(60) == 0
    environment = operator_env.environment(node.env["SCOPE"], list_)
    node.env["SPILO_CONFIGURATION"] = environment["SPILO_CONFIGURATION"]
    begin = len(node.sandbox.log())
    node.start()
    return begin


# --- the nine rules


@nine
def test_a_replica_joins_through_the_replication_rules(databases: dict[str, Database]) -> None:
    database = databases["nine"]
    assert database.seen[LEADS] == database.seen[JOINS] == "yes"
    senders = "select usename, ssl from pg_stat_replication join pg_stat_ssl using (pid)"
    assert database.first.sql(senders) == "standby|t"
    backup = "replication connection authorized: user=standby application_name=rulesnine-1 SSL"
    assert backup in database.first.sandbox.log()


@nine
def test_the_two_nodes_change_places(databases: dict[str, Database]) -> None:
    """By a switchover, and back by a failover after which the old leader has to be rewound."""
    first, second = databases["nine"].nodes
    assert databases["nine"].seen[SWITCHES] == databases["nine"].seen[HEALS] == "yes"
    assert "pg_rewind exit code=0" in second.sandbox.log()
    assert second.sql("select to_regclass('ahead') is null") == "t"
    assert first.leads()
    assert rules.follows(second)


@nine
@pytest.mark.parametrize("way", ["plain", "TLS"])
def test_harbor_logs_in_from_another_address(answer: Callable, way: str) -> None:
    assert answer(labelled(f"IPv4, `harbor`, {way}")) == ""


@nine
@pytest.mark.parametrize("way", ["plain", "TLS"])
def test_a_wrong_password_is_refused(answer: Callable, way: str) -> None:
    said = answer(replace(labelled(f"IPv4, `harbor`, {way}"), password="of-somebody-else"))
    assert 'FATAL:  password authentication failed for user "harbor"' in said


@nine
def test_an_unknown_role_is_refused(answer: Callable) -> None:
    said = answer(Attempt("", "nobody-knows", "any"))
    assert 'FATAL:  password authentication failed for user "nobody-knows"' in said


@nine
def test_replication_by_harbor_is_refused_though_it_is_a_superuser(answer: Callable) -> None:
    said = answer(labelled("IPv4, replication as `harbor`, TLS"))
    assert 'FATAL:  no pg_hba.conf entry for replication connection from host "10.201.' in said
    assert 'user "harbor", SSL encryption' in said


@nine
def test_replication_without_tls_is_refused(answer: Callable) -> None:
    said = answer(labelled("IPv4, replication as `standby`, plain"))
    assert 'user "standby", no encryption' in said


@nine
def test_a_member_of_zalandos_reaches_pam_over_ipv6_only(
    answer: Callable, databases: dict[str, Database]
) -> None:
    """Rules 1 and 2 match the same connection over IPv4, and come first."""
    over4, over6 = (labelled(f"{it}, member of `zalandos`, TLS") for it in ("IPv4", "IPv6"))
    assert answer(over6) == ""
    assert 'FATAL:  password authentication failed for user "human"' in answer(over4)
    sandbox = databases["nine"].first.sandbox
    sandbox.write("/etc/pam.d/postgresql", "auth required pam_deny.so\n")
    assert 'FATAL:  PAM authentication failed for user "human"' in answer(over6)


@nine
def test_ipv6_needs_tls(answer: Callable) -> None:
    assert answer(labelled("IPv6, `harbor`, TLS")) == ""
    said = answer(labelled("IPv6, `harbor`, plain"))
    assert 'user "harbor", database "postgres", no encryption' in said


# --- the page


@pytest.mark.parametrize("name", [asks(name) for name in LISTS])
def test_what_was_measured_is_documented(databases: dict[str, Database], name: str) -> None:
    if os.environ.get("UPDATE_DOCS"):
        pytest.skip("the page is written anew")
    seen = databases[name].seen
    documented = rules_page.documented(name)
    assert {probe: seen.get(probe, rules_page.NOT_ASKED) for probe in rules.PROBES} == documented


@pytest.mark.rules(*LISTS)
def test_the_page_has_the_tables_that_were_measured(databases: dict[str, Database]) -> None:
    written = rules_page.written(databases)
    if os.environ.get("UPDATE_DOCS"):
        rules_page.PAGE.write_text(written)
    text = rules_page.PAGE.read_text()
    assert text == written, "UPDATE_DOCS=1 ./dev test restore writes it"
    assert all(f"`{rule}`" in text for rule in (*RULES, *HARBORS_RULES, rules.PLAIN_IPV6))
    assert all(f"  - {rule}\n" in text for rule in rules.TIGHTER)
