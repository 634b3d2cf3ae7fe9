"""Programs that run beside the tests: started with a log each, ended by their process group."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

TAIL_LINES = 15
BOUND = ("setpriv", "--pdeathsig", "KILL")  # ends with the process that started it


class Processes:
    """The programs of one control plane."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen] = {}

    def start(
        self, name: str, command: Sequence[object], env: dict[str, str] | None = None
    ) -> None:
        """Starts a program, which ends with this process whatever becomes of it."""
        with self.log_file(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                [*BOUND, *(str(word) for word in command)],
                cwd=self.logs.parent,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for name in reversed(list(self.running)):
            self.stop(name)

    def check(self) -> None:
        """Fails, with the end of its log, when one of them has ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                tail = "\n".join(self.log(name).splitlines()[-TAIL_LINES:])
                raise AssertionError(f"{name} ended with {process.returncode}:\n{tail}")

    def log_file(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def log(self, name: str) -> str:
        return self.log_file(name).read_text(errors="replace")
