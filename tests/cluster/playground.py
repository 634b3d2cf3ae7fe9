"""The control plane of the tests for a person to play with: playground.py up|down.

A process in the background holds it, so that nothing of it outlives that process.
"""

import helpers  # isort: skip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import netns
import operators
import plane
import tools
from harbor import harbor_cluster
from webhook import Webhook

BUILD = helpers.TESTS.parent / "build/cluster"
FOLDER = BUILD / "up"
HOLDER = BUILD / "holder"  # its process id and when that started
LOG = BUILD / "holder.log"
KUBECTL = BUILD / "kubectl"
SAMPLE = BUILD / "harborcluster.json"
START_SECONDS = 120
STOP_SECONDS = 30


def started(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def holder() -> int:
    """The process that holds the running plane; 0 when none does."""
    try:
        pid, start = HOLDER.read_text().split()
    except (OSError, ValueError):
        return 0
    return int(pid) if started(int(pid)) == start else 0


def up() -> int:
    if holder():
        print(f"it is up already; {KUBECTL} talks to it")
        return 0
    reason = netns.obstacle()
    if reason:
        print(reason, file=sys.stderr)
        return 1
    tools.build([*plane.PROGRAMS, *operators.PROGRAMS, "helm"])
    operators.download()
    BUILD.mkdir(parents=True, exist_ok=True)
    KUBECTL.unlink(missing_ok=True)
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, "hold"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    HOLDER.write_text(f"{process.pid} {started(process.pid)}")
    end = time.monotonic() + START_SECONDS
    while not KUBECTL.exists():
        if process.poll() is not None or time.monotonic() > end:
            down()
            print(f"{LOG.read_text()}\nit did not come up; logs: {FOLDER}/logs", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print(f"kubeconfig: {FOLDER / 'kubeconfig'}, inside a network namespace of its own")
    print(f"kubectl:    {KUBECTL} get pods -A")
    print(f"a Harbor:   {KUBECTL} -n NAMESPACE create -f {SAMPLE}")
    print(f"any other:  nsenter --net=/proc/{process.pid}/ns/net COMMAND")
    print(f"logs:       {FOLDER}/logs")
    return 0


def down() -> int:
    pid = holder()
    if pid:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while holder():
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
    HOLDER.unlink(missing_ok=True)
    KUBECTL.unlink(missing_ok=True)
    return 0


def hold() -> int:
    """Runs the plane with our webhook until it is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    netns.enter()
    with plane.running(FOLDER) as it:
        operators.install(it)
        webhook = Webhook(it)
        try:
            webhook.start()
            SAMPLE.write_text(json.dumps(harbor_cluster(2), indent=1))
            command = " ".join(f'"{word}"' for word in it.kubectl.command)
            script = BUILD / "kubectl.part"
            script.write_text(
                f'#!/bin/sh\nexec nsenter --net=/proc/{os.getpid()}/ns/net {command} "$@"\n'
            )
            script.chmod(0o755)
            script.rename(KUBECTL)
            signal.pause()
        finally:
            webhook.stop()
    return 0


COMMANDS = {"up": up, "down": down, "hold": hold}


def main(words: list[str]) -> int:
    if len(words) != 1 or words[0] not in COMMANDS:
        print("usage: ./dev cluster up|down", file=sys.stderr)
        return 2
    try:
        return COMMANDS[words[0]]()
    except tools.BuildFailed as failed:
        print(failed, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
