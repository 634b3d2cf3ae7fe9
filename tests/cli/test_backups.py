"""The commands `backups`: their command lines and exit statuses. What they find: tests/archive."""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

BINARY = os.environ.get("HPW_BINARY", "build/default/server/harbor-pg-webhook")


class Done(NamedTuple):
    status: int
    out: str
    err: str


def run(*words: object, given: str = "") -> Done:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [BINARY, "backups", *map(str, words)],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_no_command_is_a_mistake() -> None:
    done = run()
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("usage: harbor-pg-webhook backups COMMAND")
    assert run("--help") == (0, done.err, "")


NO_TIME = "expected one of at least a second such as 26h or 90m"
FOLDER = ("verify", "--prefix", "/nowhere")


@pytest.mark.parametrize(
    ("words", "mistake", "where"),
    [
        (
            ("verfiy",),
            "backups: unknown command 'verfiy', expected list, verify or watch: "
            "did you mean 'verify'",
            "",
        ),
        (("verify",), "--prefix is missing, expected s3://bucket/... or a folder", "verify "),
        (
            ("verify", "--prefix", "s3://bucket/wal/15"),
            "--region is missing, expected the bucket's region (us-east-1 for a store without "
            "regions)",
            "verify ",
        ),
        ((*FOLDER, "x"), "unexpected argument 'x'", "verify "),
        (
            (*FOLDER, "--json", "--prometheus"),
            "--json and --prometheus exclude each other",
            "verify ",
        ),
        (
            (*FOLDER, "--rate", "1MiB/s"),
            "--rate is the speed of --deep, which is not given",
            "verify ",
        ),
        (
            (*FOLDER, "--deep", "--rate=10MB"),
            "--rate: '10MB' is not a rate, expected one such as 10MiB/s",
            "verify ",
        ),
        (
            (*FOLDER, "--max-backup-age", "1d"),
            f"--max-backup-age: '1d' is not a duration, {NO_TIME}",
            "verify ",
        ),
        (
            (*FOLDER, "--max-wal-age=0s"),
            f"--max-wal-age: '0s' is not a duration, {NO_TIME}",
            "verify ",
        ),
        (
            (*FOLDER, "--min-backups=0"),
            "--min-backups: '0' is not a number from 1 to 10000",
            "verify ",
        ),
        (("watch",), "--config is missing, expected a file", "watch "),
        (("list",), "expected one of --bucket and --prefix: where to look", "list "),
        (
            ("list", "--bucket", "b", "--prefix", "c"),
            "expected one of --bucket and --prefix: where to look",
            "list ",
        ),
        (
            ("list", "--bucket", "Not_A_Bucket"),
            "--bucket: 'Not_A_Bucket' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', "
            "a letter or digit at both ends",
            "list ",
        ),
        (
            ("verify", "--prefix", "s3://b/x", "--region", "r"),
            "--prefix: bucket: 'b' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', a "
            "letter or digit at both ends",
            "verify ",
        ),
        (
            ("list", "--prefix", "https://bucket/x", "--region", "r"),
            "--prefix: 'https://bucket/x' does not start with 's3://'",
            "list ",
        ),
        (
            ("verify", "--prefix", "s3://bucket/x", "--region", "eu central"),
            "--region: 'eu central' is not a region, expected one such as 'eu-central-1'",
            "verify ",
        ),
        (
            ("verify", "--prefix", "s3://bucket/x", "--region", "r", "--endpoint", "store:9000"),
            "--endpoint: 'store:9000' is not an endpoint, expected 'http://host' or "
            "'https://host:port'",
            "verify ",
        ),
        (
            ("list", "--bucket", "s3://bucket"),
            "--region is missing, expected the bucket's region (us-east-1 for a store without "
            "regions)",
            "list ",
        ),
    ],
)
def test_usage(words: tuple[str, ...], mistake: str, where: str) -> None:
    assert run(*words) == (
        2,
        "",
        f"harbor-pg-webhook: {mistake}\ntry 'harbor-pg-webhook backups {where}--help'\n",
    )


def test_an_empty_archive_is_a_finding(tmp_path: Path) -> None:
    done = run("verify", "--prefix", tmp_path)
    assert (done.status, done.err) == (4, "")
    assert done.out.startswith(f"{tmp_path}\n\nno backups\n\nWAL: none\n\nfinding: empty  ")
    assert done.out.endswith("\n1 finding: nothing can be restored from here\n")
    assert run("list", "--prefix", tmp_path).status == 4


def test_an_empty_archive_for_programs(tmp_path: Path) -> None:
    printed = json.loads(run("verify", "--prefix", tmp_path, "--json").out)
    assert printed["prefix"] == str(tmp_path)
    assert printed["verdict"] == "findings"
    assert [it["code"] for it in printed["findings"]] == ["empty"]
    done = run("verify", "--prefix", tmp_path, "--prometheus")
    assert done.status == 4
    assert f'harbor_pg_webhook_backup_findings{{prefix="{tmp_path}"}} 1\n' in done.out


def test_a_folder_that_is_not_there_could_not_be_told(tmp_path: Path) -> None:
    done = run("verify", "--prefix", tmp_path / "missing", "--json")
    assert done.status == 1
    assert "missing" in (done.out + done.err)


def codes(done: Done) -> list[str]:
    return [it["code"] for it in json.loads(done.out)["findings"]]


@pytest.mark.parametrize("printed", ["", "[]", "INFO: 2026/11/25 12:00:00.1 No backups found\n"])
def test_wal_g_agrees_that_nothing_is_there(tmp_path: Path, printed: str) -> None:
    words = ("verify", "--prefix", tmp_path, "--json", "--walg-list")
    assert codes(run(*words, "-", given=printed)) == ["empty"]


def test_a_list_of_wal_g_is_read_from_a_file_or_a_pipe(tmp_path: Path) -> None:
    archive, file = tmp_path / "archive", tmp_path / "list"
    archive.mkdir()
    words = ("verify", "--prefix", archive, "--json", "--walg-list")
    entry = '[{"backup_name": "base_000000010000000000000002"}]'
    file.write_text(entry)
    assert codes(run(*words, file)) == ["empty", "walg-lists-only"]
    assert codes(run(*words, "-", given=entry)) == ["empty", "walg-lists-only"]
    assert codes(run(*words, "-", given="ERROR: no keys")) == ["empty", "walg-list-failed"]
    assert codes(run(*words, tmp_path / "none")) == ["empty", "walg-list-failed"]
