"""What the tool finds in a real archive is what makes a real PostgreSQL fail, or lose rows without
a word."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import real
from real import Real
from tool import FINDINGS, USABLE, verify

BACKUP = "base_000000010000000000000002"
ALL, FEWER = "all rows", "fewer rows, and no error"

# What is gone, by the end of its key; what a restore to the latest state comes to, and the verdict.
OUTCOMES = {
    (): (ALL, USABLE),
    ("/000000010000000000000001.lz4",): (ALL, USABLE),
    (".partial.lz4", ".backup.lz4"): (ALL, USABLE),
    ("/metadata.json",): (ALL, FINDINGS),  # without it WAL-G's detailed list fails, no restore
    ("/000000010000000000000002.lz4",): ("could not locate required checkpoint record", FINDINGS),
    ("/000000010000000000000003.lz4",): (FEWER, FINDINGS),
    ("/000000010000000000000004.lz4",): (FEWER, FINDINGS),
    ("/000000020000000000000005.lz4",): (FEWER, FINDINGS),
    ("/00000002.history.lz4",): (FEWER, FINDINGS),
    ("/part_001.tar.lz4",): ("is not a valid data directory", FINDINGS),
    ("/pg_control.tar.lz4",): ("could not find the database system", FINDINGS),
    ("/backup_label.tar.lz4",): ("could not locate a valid checkpoint record", FINDINGS),
}


@pytest.mark.parametrize("gone", OUTCOMES, ids=lambda it: " ".join(it) or "nothing")
def test_it_matters(gone: Sequence[str], postgresql: Real, tmp_path: Path) -> None:
    keys = [key for key in postgresql.archive if gone and key.endswith(gone)]
    archive = postgresql.archive.without(*keys).aged(86400)
    outcome, status = OUTCOMES[gone]
    assert outcome in told(real.restored(archive, real.unpack(archive, BACKUP)), postgresql.rows)
    assert verify(archive.write(tmp_path)).status == status


def told(comes_to: str, rows: str) -> str:
    if comes_to == rows:
        return ALL
    return FEWER if len(comes_to) == len(rows) else comes_to
