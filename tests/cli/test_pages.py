"""What docs/restore.md and docs/backup.md show of the webhook's own commands is what they print."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

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
        if words[0] == "harbor-pg-webhook"
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
