"""WAL-G's own view of each damage beside the tool's, with the WAL-G binaries named in WALG."""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import real
from generator import DAY, SENTINEL, Archive
from removed import Finding, damage, unknown
from spilo import named, walg_version
from tool import FINDINGS, UNKNOWN, USABLE, verify

PROGRAMS = {walg_version(it): it for it in named("WALG")}
ABSENT = pytest.param("wal-g", marks=pytest.mark.skip(reason="WALG names no WAL-G"))

FULL, DELTA = "base_0{7}10{15}2", "base_0{7}10{15}4_D_0{7}10{15}2"
LOST, WHOLE, NO_VIEW = "LOST_SEGMENTS", "OK", ""
FAILS, WORKS = False, True


@dataclass(frozen=True)
class Row:
    """One object that is gone: the tool's codes; how many backups WAL-G lists in detail, None when
    it fails; what wal-show says of timeline 1; whether WAL-G 2 and 3 say that backup-fetch LATEST,
    which is the delta, has worked."""

    key: str  # a pattern for the end of it
    codes: set[str]
    listed: int | None = 2
    shown: str = WHOLE
    fetched: tuple[bool, bool] = (WORKS, WORKS)


NO_FULL = {"parent-damaged", "no-backup"}

ROWS = [
    Row(f"{FULL}/files_metadata.json", {"files-missing", *NO_FULL}, fetched=(FAILS, FAILS)),
    Row(f"{FULL}/metadata.json", {"metadata-missing"}, None, NO_VIEW),
    Row(f"{FULL}/.*/part_001.tar.lz4", {"part-missing", *NO_FULL}, fetched=(FAILS, FAILS)),
    Row(f"{FULL}/.*/part_003.tar.lz4", {"part-missing", *NO_FULL}),  # its label, of 2
    Row(f"{FULL}/.*/backup_label.tar.lz4", {"label-missing"}),
    Row(f"{FULL}/.*/pg_control.tar.lz4", {"pg-control-missing", *NO_FULL}, fetched=(FAILS, WORKS)),
    Row(
        f"{FULL}{SENTINEL}",
        {"sentinel-missing", "parent-missing", "no-backup"},
        listed=1,
        fetched=(FAILS, FAILS),
    ),
    Row(f"{DELTA}/files_metadata.json", {"files-missing"}, fetched=(FAILS, FAILS)),
    Row(f"{DELTA}/metadata.json", {"metadata-missing"}, None, NO_VIEW),
    Row(f"{DELTA}/.*/part_001.tar.lz4", {"part-missing"}, fetched=(WORKS, FAILS)),
    Row(f"{DELTA}/.*/part_003.tar.lz4", {"part-missing"}),
    Row(f"{DELTA}/.*/backup_label.tar.lz4", {"label-missing"}),
    Row(f"{DELTA}/.*/pg_control.tar.lz4", {"pg-control-missing"}, fetched=(FAILS, WORKS)),
    Row(f"{DELTA}{SENTINEL}", {"sentinel-missing"}, listed=1),
    Row("0{7}10{15}1.lz4", set()),
    Row("0{7}10{15}2.lz4", {"wal-missing"}, shown=LOST),
    Row("0{7}10{15}3.lz4", set(), shown=LOST),  # a note: only the full backup has it on its way
    Row("0{7}10{15}4.lz4", {"wal-missing", "wal-gap"}, shown=LOST),
    Row("0{7}10{15}5.lz4", {"wal-gap"}, shown=LOST),
    Row("0{7}10{15}6.lz4", {"wal-gap"}),  # the last one before the switch: WAL-G does not miss it
    Row("0{7}10{15}7.partial.lz4", set()),
    Row("0{7}10{15}[24].00000028.backup.lz4", set()),
    Row("0{7}2.history.lz4", {"history-missing"}),
    Row("0{7}20{15}7.lz4", {"wal-missing"}),
]


@dataclass(frozen=True)
class WalG:
    program: Path
    archive: Archive  # that it has written
    rows: str

    @property
    def generation(self) -> int:
        return int(walg_version(self.program)[0])

    def fetches(self, key: str) -> bool:
        """Whether it says so, when that object is gone."""
        (row,) = (it for it in ROWS if re.search(f"/{it.key}$", key))
        return row.fetched[self.generation - 2]

    def run(self, prefix: Path, *words: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *(str(it) for it in words)],
            env={**os.environ, "WALG_FILE_PREFIX": str(prefix)},
            capture_output=True,
            text=True,
        )

    def detailed(self, prefix: Path) -> subprocess.CompletedProcess:
        return self.run(prefix, "backup-list", "--detail", "--json")


@pytest.fixture(scope="module", params=PROGRAMS or [ABSENT])
def walg(request: pytest.FixtureRequest) -> WalG:
    program = PROGRAMS[request.param]
    it = real.by_walg(program)
    return WalG(program, it.archive.aged(5 * DAY), it.rows)


def removals(walg: WalG) -> Iterator[tuple[Row, str]]:
    for key in sorted(walg.archive):
        (row,) = (it for it in ROWS if re.search(f"/{it.key}$", key))
        yield row, key


def test_each_object_that_is_gone(walg: WalG, tmp_path: Path) -> None:
    for number, (row, key) in enumerate(removals(walg)):
        prefix = walg.archive.without(key).write(tmp_path / str(number))
        seen = verify(prefix)
        codes = {code for kind, code, _ in seen.findings if kind == "damage"}
        assert (codes, seen.status) == (row.codes, FINDINGS if row.codes else USABLE), key
        listed = walg.detailed(prefix)
        assert listed.returncode == (0 if row.listed else 1), key
        assert len(json.loads(listed.stdout or "[]")) == (row.listed or 0), key
        shown = walg.run(prefix, "wal-show", "--detailed-json").stdout
        assert {it["status"] for it in json.loads(shown or "[]") if it["id"] == 1} == (
            {row.shown} - {NO_VIEW}
        ), key


def test_what_it_fetches(walg: WalG, tmp_path: Path) -> None:
    """And what it does not notice."""
    for number, (row, key) in enumerate(removals(walg)):
        if not key.startswith("basebackups_005/"):
            continue
        prefix = walg.archive.without(key).write(tmp_path / str(number))
        done = walg.run(prefix, "backup-fetch", tmp_path / f"{number}.data", "LATEST")
        assert (done.returncode == 0) == row.fetched[walg.generation - 2], (key, done.stderr)


RESTORES = {
    "": True,
    f"{FULL}/.*/backup_label.tar.lz4": True,
    f"{DELTA}/.*/(backup_label|part_003).tar.lz4": False,
    f"{DELTA}/.*/part_001.tar.lz4": False,
    f"{DELTA}/.*/pg_control.tar.lz4": False,
}


@pytest.mark.parametrize("pattern", RESTORES, ids=lambda it: it[-20:] or "nothing")
def test_what_postgresql_makes_of_it(pattern: str, walg: WalG, tmp_path: Path) -> None:
    """Of what WAL-G has fetched without a complaint; the tool knows what comes of the delta."""
    gone = [it for it in walg.archive if pattern and re.search(f"/{pattern}$", it)]
    archive = walg.archive.without(*gone)
    prefix = archive.write(tmp_path / "archive")

    def lay_down(data: Path) -> None:
        assert walg.run(prefix, "backup-fetch", data, "LATEST").returncode == 0

    usable = any("_D_" in it for it in verify(prefix).usable)
    assert usable == RESTORES[pattern]
    if all(walg.fetches(it) for it in gone):
        assert (real.restored(archive, lay_down) == walg.rows) == RESTORES[pattern]


def test_its_list_agrees(walg: WalG, tmp_path: Path) -> None:
    prefix = walg.archive.write(tmp_path)
    assert told(prefix, walg.detailed(prefix).stdout) == set()


def test_it_forgets_what_has_no_sentinel(walg: WalG, tmp_path: Path) -> None:
    """What it lists no more, and what it has listed before."""
    whole = walg.archive.write(tmp_path / "whole")
    key = next(it for it in walg.archive if it.endswith(SENTINEL) and "_D_" in it)
    damaged = walg.archive.without(key).write(tmp_path / "damaged")
    before, after = (walg.detailed(it).stdout for it in (whole, damaged))
    assert told(damaged, after) == {damage("sentinel-missing", key)}
    assert told(damaged, before) == {
        damage("sentinel-missing", key),
        damage("walg-lists-only", key),
    }
    assert told(whole, after) == {damage("walg-lists-not", key)}


def test_it_fails_without_metadata(walg: WalG, tmp_path: Path) -> None:
    key = next(it for it in walg.archive if it.endswith("/metadata.json"))
    prefix = walg.archive.without(key).write(tmp_path)
    failed = walg.detailed(prefix)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert told(prefix, "") == {damage("metadata-missing", key), unknown("walg-list-empty", "")}


def test_it_says_nothing_of_an_empty_archive(walg: WalG, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    nothing = walg.detailed(tmp_path / "archive")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert told(tmp_path / "archive", "") == {damage("empty", "")}


def told(prefix: Path, listed: str) -> set[Finding]:
    """By the tool, with what WAL-G has printed, as if the backups were not of this minute."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(listed)
        file.flush()
        os.utime(file.name, (time.time() + DAY, time.time() + DAY))
        return verify(prefix, f"--walg-list={file.name}").findings


@pytest.mark.parametrize("method", ["lzma", "zstd"])
def test_its_other_compressions(method: str, walg: WalG, tmp_path: Path) -> None:
    if method == "zstd" and walg.generation < 3:
        pytest.skip("WAL-G 2 has zstd only when it was built with cgo")
    made = real.by_walg(walg.program, WALG_COMPRESSION_METHOD=method)
    seen = verify(made.archive.write(tmp_path), "--deep")
    assert (seen.findings, seen.status) == (set(), USABLE)


def test_what_it_has_encrypted(walg: WalG, pgp_key: Path, tmp_path: Path) -> None:
    made = real.by_walg(walg.program, WALG_PGP_KEY_PATH=str(pgp_key))
    seen = verify(made.archive.write(tmp_path), "--deep")
    assert "damage" not in {kind for kind, _, _ in seen.findings}
    assert {code for kind, code, _ in seen.findings if kind == "unknown"} == {"encrypted"}
    assert (seen.usable, seen.status) == (set(), UNKNOWN)


PGP_KEY = """
%no-protection
Key-Type: RSA
Key-Length: 2048
Subkey-Type: RSA
Subkey-Length: 2048
Name-Real: it
"""


@pytest.fixture
def pgp_key() -> Iterator[Path]:
    """Where postgres can read it. Made by GnuPG, which is told not to ask for a passphrase."""
    with tempfile.TemporaryDirectory(prefix="hpw-key-") as folder:
        gpg = ["gpg", f"--homedir={folder}", "--batch", "--quiet", "--passphrase=", "--armor"]
        gpg.append("--pinentry-mode=loopback")
        subprocess.run([*gpg, "--gen-key"], input=PGP_KEY, text=True, check=True)
        subprocess.run([*gpg, f"--output={folder}/key", "--export-secret-keys"], check=True)
        Path(folder).chmod(0o755)
        Path(folder, "key").chmod(0o644)
        yield Path(folder, "key")
        subprocess.run(["gpgconf", f"--homedir={folder}", "--kill", "all"], check=True)
