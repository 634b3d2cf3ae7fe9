"""Damaged archives in folders: what has to be found in each, and nothing else."""

from pathlib import Path

import pytest
from damage_table import DAMAGES, Damage
from generator import BACKUPS
from removed import REMOVED, Finding
from specimen import DELTA, FIRST, OF_ALL, specimen
from tool import Verdict, verify


def is_told(seen: Verdict, wanted: set[Finding]) -> None:
    """No more and no less; and no backup is called usable when something of it, of its WAL or of
    its parent is not, or could not be judged."""
    assert seen.findings == wanted
    no_restore = {it for it in OF_ALL if any(_concerns(found, it) for found in wanted)}
    alone = any(code == "label-missing" for _, code, _ in wanted)  # deltas have their own
    no_restore |= {DELTA} if FIRST in no_restore and not alone else set()
    assert not seen.usable & no_restore


def _concerns(found: Finding, backup: str) -> bool:
    kind, code, key = found
    own = key.startswith((f"{BACKUPS}/{backup}/", f"{BACKUPS}/{backup}_backup"))
    harmless = kind == "note" or code.startswith("metadata-") or code == "backup-too-old"
    return own and not harmless


def test_every_object_is_in_the_table() -> None:
    assert REMOVED.keys() == specimen().keys()


@pytest.mark.parametrize("key", sorted(REMOVED))
def test_an_object_that_is_gone(key: str, tmp_path: Path) -> None:
    is_told(verify(specimen().without(key).write(tmp_path)), REMOVED[key])


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda it: it.name)
def test_damage(damage: Damage, tmp_path: Path) -> None:
    is_told(verify(damage.archive().write(tmp_path), *damage.options), damage.found)
