"""From a HarborCluster to its old rows, and on to an ordinary database again; and how not to.

Its pods run an entry point of entries.py, never the image.
"""

import json
from collections.abc import Iterator

import chain
import pytest
from chain import Chain
from entries import Entry
from harbor import NAME
from registry import RESTORE, Registry
from scene import Scene

prepare = chain.prepare

OLD = {user: f"{user}-of-old" for user in ("harbor", "postgres", "standby")}
PROJECTS = "50"
COUNT = "select count(*) from project"
WRITE = "insert into project (owner_id, name) values (1, 'since-the-restore')"
WRITTEN = "select count(*) from project where name = 'since-the-restore'"


@pytest.fixture(scope="module")
def whole(scene: Scene) -> Iterator[Chain]:
    with chain.running(scene) as it:
        yield it


@pytest.fixture(scope="module")
def restored(whole: Chain, entry: Entry) -> Registry:
    """Two instances, as a person restores them: the old password and the inputs come first."""
    it = whole.registry(f"lost-{entry.short}", entry)
    create_two(it)
    return it


def create_two(it: Registry) -> None:
    it.create_secret(f"harbor.{it.name}.credentials", user("harbor"))
    it.create_inputs()
    it.create(2)
    it.wait_running()
    it.wait_follows()


def user(name: str) -> dict[str, str]:
    return {"username": name, "password": OLD[name]}


def test_the_rows_are_back_and_harbor_is_told(whole, entry, restored):
    lost = whole.scene.lost.final
    for pod in (restored.leader(), restored.replica()):
        found = restored.fingerprint(pod)
        assert found.tables == lost.tables
        assert found.system_identifier == lost.system_identifier
        assert found.timeline == lost.timeline + 1
    assert restored.bootstraps() == 1
    assert whole.source_is_untouched(entry)

    version = restored.resource()["spec"]["postgresql"]["version"]
    assert version == chain.CONFIGURATION["database"]["postgresqlVersion"]
    restored.wait_condition("DatabaseReady")


def test_harbor_logs_in_with_its_old_password_and_sees_the_old_projects(restored):
    assert restored.password("harbor") == OLD["harbor"]
    assert restored.login("harbor", OLD["harbor"], COUNT) == PROJECTS
    assert "password authentication failed" in restored.login("harbor", "another", COUNT)

    restored.wait_condition("DatabaseReady")
    of_components = restored.secret(f"{NAME}-database-password")
    assert of_components["postgresql-password"] == OLD["harbor"]


def test_the_other_passwords_are_new_ones_and_work(restored):
    assert restored.password("postgres") != OLD["postgres"]
    assert restored.login("postgres", restored.password("postgres"), COUNT, tls=True) == PROJECTS
    refused = restored.login("postgres", OLD["postgres"], COUNT, tls=True)
    assert "password authentication failed" in refused

    assert restored.password("standby") != OLD["standby"]
    replication = "select usename, ssl from pg_stat_replication join pg_stat_ssl using (pid)"
    assert restored.sql(restored.leader(), replication) == "standby|t"


def test_wrong_order_the_secret_goes_while_pods_refer_to_it(restored):
    """Nothing happens until a container starts again, whenever that may be."""
    replica = restored.replica()
    restored.api.delete("secrets", restored.namespace, RESTORE)
    restored.container(replica).kill()
    restored.wait_waits(replica, f'CreateContainerConfigError: secret "{RESTORE}" not found')
    assert restored.login("harbor", OLD["harbor"], COUNT) == PROJECTS

    restored.create_keys()
    restored.wait_waits(replica, "")
    restored.wait_follows()


def test_wrong_order_the_label_stays_on_and_the_volumes_are_lost(whole, entry, restored):
    """The label still means the old point in time. What was written since is not in it."""
    bootstraps = restored.bootstraps()
    restored.sql(restored.leader(), WRITE)
    restored.delete()
    assert restored.secrets() == {RESTORE}

    restored.delete_inputs()
    create_two(restored)
    assert restored.bootstraps() == bootstraps + 1
    assert restored.sql(restored.leader(), WRITTEN) == "0"
    assert restored.fingerprint(restored.leader()).tables == whole.scene.lost.final.tables


def test_the_right_order_to_end_a_restore(whole, entry, restored):
    leader, replica = restored.leader(), restored.replica()
    assert restored.fingerprint(leader).tables == whole.scene.lost.final.tables
    restored.sql(leader, WRITE)
    bootstraps = restored.bootstraps()

    restored.restore_off()
    assert RESTORE in json.dumps(restored.pods())

    for pod in (replica, leader):
        restored.recreate(pod)
    assert RESTORE not in json.dumps(restored.pods())

    restored.delete_inputs()
    for pod in (replica, leader):
        restored.restart(pod)

    for pod in (replica, leader):
        assert restored.sql(pod, WRITTEN) == "1"
        identifier = restored.fingerprint(pod).system_identifier
        assert identifier == whole.scene.lost.final.system_identifier
    assert restored.bootstraps() == bootstraps
    assert whole.source_is_untouched(entry)
    restored.wait_running()


def test_wrong_order_the_label_goes_before_there_is_a_leader(whole, entry):
    """The next pod is that of a new database: empty, Running, and nobody complains."""
    hasty = whole.registry(f"hasty-{entry.short}", entry)
    hasty.create(1)
    pod = f"{hasty.name}-0"
    hasty.wait_waits(pod, f'CreateContainerConfigError: configmap "{RESTORE}" not found')
    hasty.restore_off()
    hasty.api.delete("pods", hasty.namespace, pod)
    hasty.wait_running()
    hasty.wait_condition("DatabaseReady")
    found = hasty.fingerprint(pod)
    assert found.tables == {}
    assert found.timeline == 1
    assert found.system_identifier != whole.scene.lost.final.system_identifier

    hasty.delete()
    hasty.restore_on()
    hasty.create_inputs()
    hasty.create(1)
    hasty.wait_running()
    assert hasty.fingerprint(pod).tables == whole.scene.lost.final.tables
