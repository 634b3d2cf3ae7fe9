"""Profiles that come, go and change their names while pods restart."""

import json
from collections.abc import Iterator

import pytest
from api import INTERVAL
from harbor import Database, environment
from polling import wait_for
from process import DATABASE_PROFILES
from webhook import RESTORE_LABEL, Webhook

OTHER = "dr-2026-11"  # a profile that stays
PROFILE = DATABASE_PROFILES["restoreProfiles"][OTHER]


@pytest.fixture(scope="module")
def first(webhook: Webhook) -> Iterator[str]:
    """A profile for these tests; the release is as before afterwards."""
    webhook.reconfigure({"restoreProfiles": {"first": PROFILE}})
    yield "first"
    webhook.reconfigure({"restoreProfiles": {"first": None, "second": None, "third": None}})


def wait_refused(it: Database, *texts: str) -> None:
    """No further pod comes, and an event says why; the API server knows labels a moment later."""

    def question() -> bool:
        if it.pod():
            it.delete_pod()
        return it.refused(*texts)

    wait_for(f"refused: {texts[0]}", question, 60, 5 * INTERVAL)
    assert it.pod() is None


def wait_restored(it: Database) -> None:
    pod = it.wait_pod("the pod comes", seconds=120)
    assert "CLONE_SCOPE" in json.dumps(environment(pod))


def test_a_profile_that_is_renamed_or_rolled_back_gives_no_pod(database, webhook, first):
    it = database("renamed", labels={RESTORE_LABEL: first})
    wait_restored(it)

    webhook.reconfigure({"restoreProfiles": {first: None, "second": PROFILE}})
    wait_refused(it, "names no profile", f"there are: {OTHER}, enabled, second")
    it.label(**{RESTORE_LABEL: "second"})
    wait_restored(it)

    with webhook.decided_by():
        webhook.rollback()
    wait_refused(it, "names no profile", f"there are: {OTHER}, enabled, {first}")
    it.label(**{RESTORE_LABEL: first})
    wait_restored(it)


def test_a_profile_whose_file_has_not_arrived_gives_no_pod(database, webhook, first):
    """Its entry is there at once; the kubelet brings the file later."""
    it = database("too-early", labels={RESTORE_LABEL: first})
    wait_restored(it)
    webhook.node.holds_files.set()
    try:
        webhook.upgrade({"restoreProfiles": {"third": PROFILE}})
        wait_for("the entry has its bundle", webhook.is_published, 20, INTERVAL)
        it.label(**{RESTORE_LABEL: "third"})
        # All that the API server tells of a 404; the name of the entry has that of the profile.
        wait_refused(it, '"restore-third.', "the server could not find the requested resource")
    finally:
        webhook.node.holds_files.clear()
    wait_restored(it)
