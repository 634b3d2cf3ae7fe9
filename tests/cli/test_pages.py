"""What docs/restore.md and docs/backup.md show of the webhook's own commands is what they print."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
BINARY = Path(os.environ.get("HPW_BINARY", ROOT / "build/default/server/harbor-pg-webhook"))

BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / "docs" / page).read_text())


def shown(block: str) -> Iterator[tuple[list[str], str]]:
    """Each command of a block, and what is below it."""
    for part in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield shlex.split(command), output


def printed(words: list[str], folder: Path) -> str:
    done = subprocess.run([BINARY, *words], cwd=folder, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def restore_config_map() -> str:
    """As the page shows it."""
    for block in blocks("restore.md"):
        for words, output in shown(block):
            if words == ["cat", "restore.yaml"]:
                return output
    raise AssertionError("docs/restore.md shows no restore.yaml")


def test_the_config_map_of_the_restore_page(tmp_path: Path) -> None:
    (tmp_path / "restore.yaml").write_text(restore_config_map())
    commands = [
        (words, output)
        for block in blocks("restore.md")
        for words, output in shown(block)
        if words[:2] == ["harbor-pg-webhook", "check"]
    ]
    assert len(commands) == 1
    for words, output in commands:
        assert printed(words[1:], tmp_path) == output


def test_its_other_keys_are_right_too(tmp_path: Path) -> None:
    """Those that stand there as comments."""
    with_all = restore_config_map().replace("  # CLONE_", "  CLONE_")
    assert with_all.count("\n  CLONE_") == 7
    (tmp_path / "restore.yaml").write_text(with_all)
    assert printed(["check", "restore.yaml"], tmp_path) == "0 mistakes, 0 warnings\n"


BASE, NEXT = "000000010000000000000003", "000000010000000000000004"
ARCHIVES = {  # below the bucket: the end of the base backup, and the time of the newest segment
    "postgresql-harbor-harbor/99e85b8a-3f92-4c86-8d42-5056348c1e7e": ("08:27:58", "08:28:01"),
    "postgresql-harbor-harbor/0d6f1c52-8a53-4a4e-9a35-b1c1a5f0f8d0": ("08:30:05", "08:30:07"),
    "staging-postgresql-staging-harbor": ("08:30:08", "08:30:10"),
}


def make_bucket(folder: Path) -> None:
    """What a listing looks at: a sentinel, metadata.json, and two segments."""
    for place, (finish, newest) in ARCHIVES.items():
        archive = folder / "spilo" / place / "wal/12"
        backup = archive / f"basebackups_005/base_{BASE}"
        backup.mkdir(parents=True)
        (backup / "metadata.json").write_text(f'{{"finish_time": "2026-11-25T{finish}Z"}}')
        Path(f"{backup}_backup_stop_sentinel.json").write_text("{}")
        (archive / "wal_005").mkdir()
        for segment in (BASE, NEXT):
            file = archive / f"wal_005/{segment}.lz4"
            file.write_text("segment")
            at = datetime.fromisoformat(f"2026-11-25T{newest}+00:00").timestamp()
            os.utime(file, (at, at))


def test_the_listing_of_the_restore_page(tmp_path: Path) -> None:
    """As a folder prints it, which stands there for the bucket of its name."""
    make_bucket(tmp_path / "harbor-db-backups")
    ((words, output),) = (
        (words, output)
        for block in blocks("restore.md")
        for words, output in shown(block)
        if words[:3] == ["harbor-pg-webhook", "backups", "list"]
    )
    words = [it.replace("harbor-db-backups", "./harbor-db-backups") for it in words]
    text = printed(words[1:], tmp_path)
    assert text.replace("# ./harbor-db-backups", "# s3://harbor-db-backups") == output
    first = next(yaml.safe_load_all(text))
    assert first["data"] == yaml.safe_load(restore_config_map())["data"]


def test_the_cron_job_of_the_verification_page(tmp_path: Path) -> None:
    """Its command line is a right one, as far as an empty folder can show."""
    (job,) = (yaml.safe_load(it) for it in blocks("verification.md") if "kind: CronJob" in it)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    args = pod["containers"][0]["args"]
    words = [f"--prefix={tmp_path}" if it.startswith("--prefix=") else it for it in args]
    assert words != args
    done = subprocess.run([BINARY, *words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (4, "")


def test_the_verification_page_has_every_finding() -> None:
    """What is written with hyphens in the sources of server/archive is the code of a finding."""
    page = (ROOT / "docs/verification.md").read_text()
    _, _, behind = page.partition("## Findings\n")
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", behind.partition("\n## ")[0]))
    known = {"empty", "encrypted"}
    for source in (ROOT / "server/archive").glob("*.c"):
        known |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source.read_text()))
    assert len(known) > 40
    assert known - listed == set()
    assert {it for it in listed - known if "-" in it} == set()


def test_the_refused_config_map_of_the_restore_page(tmp_path: Path) -> None:
    """wrong.yaml has no region and no slash; the API server's answer has the message of `check`."""
    right = restore_config_map()
    wrong = re.sub(r"  CLONE_AWS_REGION.*\n", "", right.replace("SUFFIX: /", "SUFFIX: "))
    (tmp_path / "wrong.yaml").write_text(wrong)
    *findings, _ = printed(["check", "wrong.yaml"], tmp_path).splitlines()
    message = "; ".join(it.partition("harbor-pg-restore: ")[2] for it in findings)
    answer = next(it for it in blocks("restore.md") if "wrong.yaml" in it)
    assert answer.endswith(f"denied the request: {message}\n")


def test_the_generations_of_the_backup_page(tmp_path: Path) -> None:
    """A ConfigMap that restores from where a backup profile still archives to."""
    profile = next(it for it in blocks("backup.md") if it.startswith("# values.yaml"))
    (tmp_path / "config.yaml").write_text(profile)
    again = re.sub("SUFFIX: /.*", "SUFFIX: /generation-2", restore_config_map())
    (tmp_path / "restore.yaml").write_text(again)
    ((words, output),) = (
        it for block in blocks("backup.md") for it in shown(block) if "check" in it[0]
    )
    assert printed(words[1:], tmp_path) == output


def test_the_restore_page_has_every_refusal() -> None:
    decisions = (ROOT / "docs/decisions.md").read_text()
    _, _, behind = decisions.partition("## Refusals of pods and restore ConfigMaps\n")
    refusals = re.findall(r"^### `(.*)`$", behind.partition("\n## ")[0], re.MULTILINE)
    assert len(refusals) > 10
    page = (ROOT / "docs/restore.md").read_text()
    assert [it for it in refusals if f"(decisions.md#{it})" not in page] == []
