"""A `postgresql` that people and tools apply: with kubectl, once and again, and two of them."""

import json
import subprocess

import pytest
from api import Kubectl
from harbor import PIN, RULES, Database, harbors_resource
from plane import Plane
from process import binary

CONFLICT = """\
error: Apply failed with 2 conflicts: conflicts with "one":
- .spec.dockerImage
- .spec.patroni.pg_hba
"""


class Manager:
    """Somebody who applies a manifest with server-side apply."""

    def __init__(self, kubectl: Kubectl, name: str) -> None:
        self.kubectl = kubectl
        self.words = ("apply", "--server-side", f"--field-manager={name}", "-f", "-")

    def apply(self, manifest: dict, *options: str) -> str:
        """What kubectl complains of; empty when it was done."""
        done = self.kubectl.run(*self.words, *options, stdin=json.dumps(manifest))
        return done.err if done.code else ""


@pytest.fixture
def one(cluster: Plane) -> Manager:
    return Manager(cluster.kubectl, "one")


@pytest.fixture
def other(cluster: Plane) -> Manager:
    return Manager(cluster.kubectl, "other")


def manifest(namespace: str) -> dict:
    """With Harbor's values; left alone by the operator, which changes the status."""
    resource = harbors_resource(namespace)
    resource["metadata"]["namespace"] = namespace
    resource["metadata"]["annotations"]["acid.zalan.do/controller"] = "nobody"
    return resource


def version(database: Database) -> tuple[str, int]:
    metadata = database.resource()["metadata"]
    return metadata["resourceVersion"], metadata["generation"]


def is_repaired(database: Database) -> bool:
    spec = database.resource()["spec"]
    return (spec["patroni"]["pg_hba"], spec["dockerImage"]) == (RULES, PIN)


def test_a_dry_run_shows_the_repair_and_does_nothing(cluster: Plane, database):
    it = database("dry-run-apply", replicas=None)
    words = ("apply", "--dry-run=server", "-o", "json", "-f", "-")
    shown = cluster.kubectl(*words, stdin=json.dumps(manifest(it.namespace))).out
    assert json.loads(shown)["spec"]["dockerImage"] == PIN
    assert not it.exists()


def test_who_applies_again_changes_nothing(database, one: Manager):
    it = database("applied-again", replicas=None)
    assert one.apply(manifest(it.namespace)) == ""
    before = version(it)
    for options in ((), ("--dry-run=server",)):
        assert one.apply(manifest(it.namespace), *options) == ""
        assert version(it) == before
    assert is_repaired(it)


def test_two_managers_conflict(database, one: Manager, other: Manager):
    it = database("two-managers", replicas=None)
    assert one.apply(manifest(it.namespace)) == ""
    assert other.apply(manifest(it.namespace)).startswith(CONFLICT)
    assert other.apply(manifest(it.namespace), "--force-conflicts") == ""
    assert is_repaired(it)


def test_a_second_manager_that_leaves_the_fields_out_does_not(
    database, one: Manager, other: Manager
):
    it = database("fields-left-out", replicas=None)
    assert one.apply(manifest(it.namespace)) == ""
    without = manifest(it.namespace)
    del without["spec"]["dockerImage"], without["spec"]["patroni"]["pg_hba"]
    for _ in range(2):
        assert other.apply(without) == ""
        assert one.apply(manifest(it.namespace)) == ""
        assert is_repaired(it)


def test_two_managers_with_the_repaired_manifest_do_not(database, one: Manager, other: Manager):
    it = database("repaired-manifest", replicas=None)
    text = json.dumps(manifest(it.namespace))
    words = (binary(), "patch", "--output", "object")
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True)
    for _ in range(2):
        for manager in (one, other):
            assert manager.apply(json.loads(done.stdout)) == ""
            assert is_repaired(it)
