"""Random removals: the tool and the oracle, which have nothing in common, agree."""

import random
from pathlib import Path

import pytest
from generator import MIB, Archive, Builder
from oracle import Oracle
from tool import FINDINGS, USABLE, verify

SEEDS = range(150)
STEPS = ("wal", "wal", "wal", "base", "delta", "promote", "abandon")


def lived(seed: int) -> tuple[Archive, random.Random]:
    """Of a life of random events."""
    dice = random.Random(seed)
    it = Builder(seed=seed, segment=dice.choice((1, 7, 4090)))
    backups = [it.base_backup(segments=dice.randint(1, 3))]
    for _ in range(dice.randint(3, 12)):
        match dice.choice(STEPS):
            case "wal":
                it.wal(dice.randint(1, 4))
            case "base":
                backups.append(it.base_backup(dice.randint(1, 2), parts=dice.randint(1, 3)))
            case "delta":
                backups.append(it.delta_backup(backups[-1]))
            case "promote":
                it.promote()
                it.wal(dice.randint(1, 2))
            case "abandon":
                it.promote(abandoned=dice.randint(1, 3))
                it.wal(dice.randint(1, 2))
    return it.archive, dice


@pytest.mark.parametrize("seed", SEEDS)
def test_the_oracle_agrees(seed: int, tmp_path: Path) -> None:
    archive, dice = lived(seed)
    gone = dice.sample(sorted(archive), dice.randint(0, 3))
    damaged = archive.without(*gone)
    opinion = Oracle(damaged, MIB).opinion()
    seen = verify(damaged.write(tmp_path))
    assert seen.usable == opinion.usable, gone
    assert seen.status == (USABLE if opinion.whole else FINDINGS), gone
