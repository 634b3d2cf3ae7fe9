"""The script that writes WAL-G's list for `backups watch`, run with a stand-in for WAL-G."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chart import TARGET, manifests
from polling import wait_for

LISTS = '[{"backup_name":"base_000000010000000000000002"}]'


@dataclass
class Sidecar:
    folder: Path
    process: subprocess.Popen

    def part(self, name: str) -> str | None:
        path = self.folder / f"lists/harbor.json{name}"
        return path.read_text() if path.exists() else None

    @property
    def runs(self) -> int:
        return len((self.folder / "calls").read_text().splitlines())

    def next_list(self) -> None:
        """Waits until a run that begins now has been written down."""
        before = self.runs
        wait_for("two more runs", lambda: self.runs >= before + 2)


def script() -> str:
    values = {"backupVerification": {"enabled": True, "targets": [TARGET]}}
    pod = manifests(values).one("Deployment", "-verification")["spec"]["template"]["spec"]
    shell, option, text = pod["containers"][1]["command"]
    assert (shell, option) == ("sh", "-c")
    return text


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sidecar]]:
    """Starts the script in a process group of its own: start(what WAL-G does, ...)."""
    started: list[Sidecar] = []

    def start_one(does: str, interval: str = "0.05", timeout: str = "60") -> Sidecar:
        folder = tmp_path
        (folder / "lists").mkdir()
        (folder / "bin").mkdir()
        stand_in = folder / "bin/wal-g"
        stand_in.write_text(f'#!/bin/sh\necho "$*" >>"{folder}/calls"\n{does}\n')
        stand_in.chmod(0o755)
        (folder / "calls").touch()
        environment = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "LIST": f"{folder}/lists/harbor.json",
            "LIST_INTERVAL": interval,
            "LIST_TIMEOUT": timeout,
        }
        process = subprocess.Popen(
            ["sh", "-c", script()],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(Sidecar(folder, process))
        return started[-1]

    yield start_one
    for one in started:
        try:
            os.killpg(one.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        one.process.wait()


def test_a_list_comes_with_its_status_and_its_errors(start: Callable[..., Sidecar]) -> None:
    sidecar = start(f"echo '{LISTS}'; echo INFO: listing >&2")
    wait_for("there is a list", lambda: sidecar.part(".status"))
    assert sidecar.part("") == f"{LISTS}\n"
    assert sidecar.part(".status") == "0\n"
    assert sidecar.part(".errors") == "INFO: listing\n"
    assert set((sidecar.folder / "calls").read_text().splitlines()) == {
        "backup-list --detail --json"
    }


def test_a_failure_is_written_down_and_tried_again(start: Callable[..., Sidecar]) -> None:
    sidecar = start("echo object not found in storage >&2; exit 1")
    wait_for("there is a status", lambda: sidecar.part(".status"))
    assert sidecar.part(".status") == "1\n"
    assert sidecar.part("") == ""
    assert sidecar.part(".errors") == "object not found in storage\n"
    sidecar.next_list()
    assert sidecar.process.poll() is None


def test_what_was_wrong_is_gone_when_it_is_right_again(start: Callable[..., Sidecar]) -> None:
    flag = '"${0%/*}/flag"'
    sidecar = start(f"if [ -e {flag} ]; then echo '{LISTS}'; else echo broken >&2; exit 7; fi")
    wait_for("it failed", lambda: sidecar.part(".status") == "7\n")
    (sidecar.folder / "bin/flag").touch()
    wait_for("it works", lambda: sidecar.part(".status") == "0\n")
    assert sidecar.part("") == f"{LISTS}\n"
    assert sidecar.part(".errors") == ""


def test_an_image_without_wal_g_is_a_failure_too(start: Callable[..., Sidecar]) -> None:
    sidecar = start("exit 0")
    (sidecar.folder / "bin/wal-g").unlink()
    wait_for("there is a status", lambda: sidecar.part(".status") == "127\n")
    assert "wal-g" in (sidecar.part(".errors") or "")
    assert sidecar.process.poll() is None


def test_one_that_hangs_is_ended(start: Callable[..., Sidecar]) -> None:
    sidecar = start("exec sleep 1000", timeout="0.1")
    wait_for("there is a status", lambda: sidecar.part(".status") == "124\n")


def test_a_list_is_never_seen_half_written(start: Callable[..., Sidecar]) -> None:
    sidecar = start(f"echo '{LISTS}'; exec sleep 1000")
    wait_for("it has begun", lambda: sidecar.part(".new") == f"{LISTS}\n")
    assert sidecar.part("") is None
    assert sidecar.part(".status") is None


def test_a_list_without_end_does_not_fill_the_volume(start: Callable[..., Sidecar]) -> None:
    sidecar = start("exec yes")
    wait_for("there is a status", lambda: sidecar.part(".status"))
    assert sidecar.part(".status") != "0\n"
    assert (sidecar.folder / "lists/harbor.json").stat().st_size <= 4 << 20
    assert sidecar.process.poll() is None


@pytest.mark.parametrize("does", ["exec sleep 1000", "exit 0"], ids=["in WAL-G", "between two"])
def test_it_ends_when_it_is_told_to(does: str, start: Callable[..., Sidecar]) -> None:
    sidecar = start(does, interval="1000")
    wait_for("WAL-G was called", lambda: sidecar.runs == 1)
    if does == "exit 0":
        wait_for("there is a status", lambda: sidecar.part(".status"))
    sidecar.process.send_signal(signal.SIGTERM)
    assert sidecar.process.wait(timeout=10) == 0
