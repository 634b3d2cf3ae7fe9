"""A million segments, generated, and 20,000 on the real servers. scale.py says how it is measured,
and repeats it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import scale
from conftest import ARTEFACTS
from generator import MIB, WAL, Builder
from process import binary
from store import BUCKET, WEED, WEED_ADDRESS, Stores, credentials
from tool import USABLE, verify

CPU_SECONDS = 2.0  # listing aside
PEAK = 64 * MIB

ON_A_SERVER = 20_000
OPTIONS = ("--region=eu-central-1", "--path-style")
FILER = f"http://{WEED_ADDRESS}:8888/buckets/{BUCKET}"


@pytest.mark.parametrize("make", [scale.listing, scale.folder], ids=["listing", "folder"])
def test_a_million_segments(make: Callable, record_property: Callable) -> None:
    with make(scale.SEGMENTS) as place:
        it = scale.measure(Path(binary()).parents[1], *place)
    record_property("cost", f"{it.aside:.2f} s CPU, listing aside; peak {it.peak / MIB:.0f} MiB")
    wal = it.report["wal"]
    assert wal["segments"] == scale.SEGMENTS + 1
    assert it.report["backups"][0]["restoresUntilWal"] == wal["newest"]
    assert (it.report["findings"], it.peak < PEAK, it.aside < CPU_SECONDS) == ([], True, True), it


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("many") / "many"
    it = Builder(scale.SEGMENT_SIZE, brief=True)
    it.base_backup()
    it.archive.write(made)
    scale.link_segments(made / WAL, it.segment, ON_A_SERVER)
    return made


def is_whole(endpoint: str) -> None:
    """And without one of its segments it is not."""
    options = (*OPTIONS, f"--endpoint={endpoint}")
    seen = verify(f"s3://{BUCKET}/many", *options, env=credentials())
    assert (seen.findings, seen.status) == (set(), USABLE)
    assert seen.report["wal"]["segments"] == ON_A_SERVER + 1


def test_20000_segments_on_versitygw(many: Path, stores: Stores) -> None:
    """Its objects are files below its root."""
    (ARTEFACTS / "versity" / BUCKET / "many").symlink_to(many)
    is_whole(stores.versity.endpoint)


def test_20000_segments_on_seaweedfs(many: Path, stores: Stores) -> None:
    """Put there by its own program, which is faster than S3."""
    subprocess.run([WEED, "filer.copy", "-c=16", many, f"{FILER}/"], check=True)
    is_whole(stores.seaweed.endpoint)
