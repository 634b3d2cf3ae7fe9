"""`backups watch` as a process: started with a configuration, asked, ended.

with watching.started(folder, targets=[{"name": "a", "prefix": "/archive"}]) as it:
    it.until_ready()
    assert it.number("findings", "/archive") == 0
"""

import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import helpers  # isort: skip  # noqa: F401
from polling import SCALE, wait_for
from process import binary, die_with_parent
from prometheus_client.parser import text_string_to_metric_families

PREFIX = "harbor_pg_webhook_backup_"


@dataclass
class Watch:
    process: subprocess.Popen
    stderr: Path
    base: str = ""

    def log(self, message: str, **members: object) -> list[dict]:
        """The lines with this message and these members."""
        found = []
        for text in self.stderr.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                if line["msg"] == message and all(line.get(k) == v for k, v in members.items()):
                    found.append(line)
        return found

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        request = urllib.request.Request(f"{self.base}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def numbers(self) -> dict[tuple[str, str], float]:
        """What is known of archives, by the name of the number and the prefix of the archive."""
        status, page = self.get("/metrics")
        assert status == 200
        return {
            (sample.name.removeprefix(PREFIX), sample.labels.get("prefix", "")): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }

    def number(self, name: str, prefix: object) -> float | None:
        return self.numbers().get((name, str(prefix)))

    def until(self, name: str, prefix: object, value: float) -> None:
        wait_for(f"{name} is {value}", lambda: self.number(name, prefix) == value, every=0.05)

    def until_ready(self) -> None:
        wait_for("it is ready", lambda: self.get("/readyz")[0] == 200, every=0.02)

    def looks(self, name: str) -> int:
        return len(self.log("archive verified", target=name))

    def until_looked_again(self, name: str) -> None:
        """At all that is so now: the look that may be under way does not count."""
        seen = self.looks(name)
        wait_for(f"{name} is looked at again", lambda: self.looks(name) >= seen + 2, every=0.05)

    def end(self, seconds: float = 5) -> int:
        """Ends it in order and gives the exit status."""
        self.process.terminate()
        return self.process.wait(seconds * SCALE)

    def fds(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _listening(self) -> str:
        assert self.process.poll() is None, self.stderr.read_text()
        return next((it["listen"] for it in self.log("listening")), "")


def write(folder: Path, config: dict) -> Path:
    path = folder / "watch.yaml"
    path.write_text(json.dumps({"listen": "127.0.0.1:0", "interval": "200ms", **config}))
    return path


@contextlib.contextmanager
def started(folder: Path, env: dict[str, str] | None = None, **config: object) -> Iterator[Watch]:
    stderr = folder / "watch.stderr"
    with stderr.open("wb") as err:
        process = subprocess.Popen(
            [binary(), "backups", "watch", "--config", write(folder, config)],
            stdin=subprocess.DEVNULL,
            stderr=err,
            env={**os.environ, **(env or {})},
            preexec_fn=die_with_parent,
        )
    it = Watch(process, stderr)
    try:
        it.base = f"http://{wait_for('it listens', it._listening)}"
        yield it
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def refused(folder: Path, config: dict) -> tuple[int, list[str]]:
    """What it says of a configuration that it does not start with."""
    path = write(folder, config)
    done = subprocess.run(
        [binary(), "backups", "watch", "--config", path],
        capture_output=True,
        text=True,
        timeout=20 * SCALE,
    )
    return done.returncode, done.stderr.replace(f"{path}: ", "").splitlines()
