"""One archive with each kind of damage, on real servers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ARTEFACTS
from damage_table import DAMAGES, Damage
from damages import NEW
from generator import Archive
from real import Real
from removed import IRRELEVANT, REMOVED, note
from specimen import sentinel, specimen
from store import BUCKET, REGION, Store, credentials
from tool import USABLE, Verdict, verify

# What is another thing on a server that cannot be told when an object was written.
JUST_WRITTEN = {
    "a backup that broke off": {note("unfinished-backup", sentinel(NEW))},
    "old WAL": IRRELEVANT,
}
HAND_OVERS = 16


def one_of_each() -> Iterator[Damage]:
    """The first of the tables that shows each code."""
    seen: set[tuple[str, str]] = set()
    of_one = [Damage(key, lambda key=key: specimen().without(key), REMOVED[key]) for key in REMOVED]
    for it in (*of_one, *DAMAGES):
        kinds = {(kind, code) for kind, code, _ in it.found}
        if not kinds <= seen:
            seen |= kinds
            yield it


def stored(archive: Archive, store: Store, prefix: str) -> None:
    """Below the root of versitygw as files, with the times that the objects have."""
    if store.name == "versitygw":
        archive.write(Path(ARTEFACTS / "versity" / BUCKET / prefix))
        return
    with ThreadPoolExecutor(HAND_OVERS) as pool:
        for key, it in archive.items():
            pool.submit(store.s3.put_object, Bucket=BUCKET, Key=f"{prefix}/{key}", Body=it.content)


def verified(store: Store, prefix: str, *options: str) -> Verdict:
    place = (f"--region={REGION}", f"--endpoint={store.endpoint}", "--path-style")
    return verify(f"s3://{BUCKET}/{prefix}", *place, *options, env=credentials())


@pytest.mark.parametrize("damage", list(one_of_each()), ids=lambda it: it.name)
def test_damage(damage: Damage, either: Store) -> None:
    prefix = f"damage/{damage.name.replace(' ', '-')}"
    stored(damage.archive(), either, prefix)
    other = {} if either.name == "versitygw" else JUST_WRITTEN
    seen = verified(either, prefix, *damage.options)
    assert seen.findings == other.get(damage.name, damage.found)


def test_a_whole_one(either: Store, postgresql: Real) -> None:
    for name, archive in {"specimen": specimen(), "postgresql": postgresql.archive}.items():
        stored(archive, either, f"whole/{name}")
        seen = verified(either, f"whole/{name}", "--deep")
        assert (seen.findings, seen.status) == (set(), USABLE)
