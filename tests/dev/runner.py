"""Runs test suites, two at a time, and tells what came of them.

A suite is a function that takes a Job. Through the Job it runs programs, whose output goes to
build/test/<suite>.log, and adds up counts of real tests. A suite that cannot run raises Skip.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOGS = BUILD / "test"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harbor-pg-webhook"
CORES = os.cpu_count() or 1
STEP_SECONDS = 1500
TAIL_LINES = 40
SKIPPED_STATUS = 77  # of a program whose tests cannot run here, as meson has it

CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
CMOCKA_LINE = re.compile(r"^\[  (PASSED|FAILED|SKIPPED) *\] (\d+) test", re.MULTILINE)
FINE_LINE = re.compile(r"^\s*ok\b|\bOK\b|: ok$")


class Skip(Exception):
    """The suite cannot run here; the text says why."""


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Counts") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def counts_in_text(text: str) -> Counts | None:
    """What a test program says of itself: cmocka's lines, or the plain closing line."""
    closing = CLOSING_LINE.findall(text)
    if closing:
        return Counts(*(int(number or 0) for number in closing[-1]))
    counts = Counts()
    lines = CMOCKA_LINE.findall(text)
    for word, number in lines:
        name = word.lower()
        setattr(counts, name, getattr(counts, name) + int(number))
    return counts if lines else None


def counts_of_program(text: str, returncode: int) -> Counts:
    """The program's own counts, made to agree with its exit status."""
    counts = counts_in_text(text) or Counts(passed=int(returncode == 0))
    if returncode != 0 and counts.failed == 0:
        counts.failed = 1
    return counts


@dataclass
class Job:
    name: str
    counts: Counts = field(default_factory=Counts)
    reasons: Counter[str] = field(default_factory=Counter)  # why single tests were skipped

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    def tail(self) -> str:
        """The end of the log, without the lines that say that something is fine."""
        lines = self.log.read_text(errors="replace").splitlines()
        lines = [line for line in lines if line.strip() and not FINE_LINE.search(line)]
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    def say(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{text}\n")

    def run(self, *command: object, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Runs a program to its end: its exit status and its output, which also is in the log."""
        words = [str(word) for word in command]
        self.say(f"\n$ {' '.join(words)}")
        start = self.log.stat().st_size
        with self.log.open("ab") as log:
            try:
                status = subprocess.run(
                    words,
                    cwd=ROOT,
                    env={**os.environ, **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=STEP_SECONDS,
                ).returncode
            except subprocess.TimeoutExpired:
                status = 124
                log.write(f"stopped after {STEP_SECONDS} s\n".encode())
            except OSError as error:
                status = 127
                log.write(f"{error}\n".encode())
        with self.log.open("rb") as log:
            log.seek(start)
            return status, log.read().decode(errors="replace")

    def check(self, title: str, *command: object, env: dict[str, str] | None = None) -> None:
        """One test: the program exits with 0."""
        status, _ = self.run(*command, env=env)
        self.say(f"{title}: {'passed' if status == 0 else f'FAILED, exit status {status}'}")
        self.counts.add(Counts(passed=int(status == 0), failed=int(status != 0)))

    def program(self, *command: object, env: dict[str, str] | None = None) -> None:
        """A program with tests of its own and the closing line `N passed, N failed`."""
        status, output = self.run(*command, env=env)
        if status == SKIPPED_STATUS:
            raise Skip(output.strip().rpartition("\n")[2])
        self.counts.add(counts_of_program(output, status))

    def meson(
        self,
        build: str,
        *suites: str,
        wrapper: str = "",
        env: dict[str, str] | None = None,
    ):
        """The meson tests of these suites in build/<build>, counted as they count themselves."""
        folder = BUILD / build
        base = f"{self.name}-{'-'.join(suites)}"
        for old in (folder / "meson-logs").glob(f"{base}*"):
            old.unlink()
        command = ["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs"]
        command += ["--logbase", base, "--num-processes", CORES]
        for suite in suites:
            command += ["--suite", suite]
        if wrapper:
            command += ["--timeout-multiplier", 20, "--wrapper", wrapper, "--no-suite", "slow"]
        else:
            command += ["--timeout-multiplier", 5]
        status, _ = self.run(*command, env=env)
        logs = list((folder / "meson-logs").glob(f"{base}*.json"))
        tests = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
        if not tests and status == 0:
            raise Skip(f"no meson tests in suite {' or '.join(suites)}")
        failed = 0
        for test in tests:
            text = test.get("stdout", "") + test.get("stderr", "")
            if test["result"] == "SKIP":
                self.counts.add(Counts(skipped=1))
                continue
            ok = test["result"] in ("OK", "EXPECTEDFAIL")
            failed += not ok
            self.counts.add(counts_of_program(text, 0 if ok else 1))
        if status != 0 and failed == 0:
            self.counts.failed += 1

    def pytest(self, folder: str, binary: Path, env: dict[str, str] | None = None) -> None:
        """The Python tests in a folder, against this webhook binary."""
        report = LOGS / f"{self.name}-{folder.replace('/', '-')}-{binary.parts[-3]}.xml"
        report.unlink(missing_ok=True)
        status, _ = self.run(
            *(
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--color=no",
            ),
            *("--timeout=300", f"--junit-xml={report}", folder),
            env={
                "HPW_BINARY": str(binary),
                "PYTHONDONTWRITEBYTECODE": "1",
                **(env or {}),
            },
        )
        counts = Counts()
        if report.exists():
            root = ElementTree.parse(report).getroot()
            self.reasons.update(it.get("message", "") for it in root.iter("skipped"))
            for suite in root.iter("testsuite"):
                bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
                skipped = int(suite.get("skipped", 0))
                counts.add(Counts(int(suite.get("tests", 0)) - bad - skipped, bad, skipped))
        if status != 0 and counts.failed == 0:
            counts.failed = 1
        self.counts.add(counts)


@dataclass(frozen=True)
class Build:
    """How build/<name> is configured."""

    options: tuple[str, ...] = ()
    compiler: str = ""
    targets: tuple[str, ...] = ()  # none means all

    def make(self, name: str) -> Job:
        """Configures and builds; the job's counts say whether that failed."""
        job = Job(f"build-{name}")
        job.log.unlink(missing_ok=True)
        folder = BUILD / name
        stamp = folder / "options.stamp"
        wanted = f"{self.compiler} {' '.join(self.options)}"
        env = {"CC": self.compiler} if self.compiler else {}
        status = 0
        if not (folder / "build.ninja").exists() or (
            stamp.exists() and stamp.read_text() != wanted
        ):
            subprocess.run(["rm", "-rf", str(folder)], check=True)
            status, _ = job.run("meson", "setup", folder, *self.options, env=env)
        if status == 0:
            stamp.write_text(wanted)
            status, _ = job.run("ninja", "-C", folder, "--quiet", *self.targets)
        job.counts.failed = int(status != 0)
        return job


@dataclass(frozen=True)
class Suite:
    name: str
    about: str
    run: Callable[[Job], None]
    builds: tuple[str, ...] = ()


@dataclass
class Outcome:
    job: Job
    seconds: float
    reason: str = ""  # why it was skipped

    @property
    def word(self) -> str:
        if self.job.counts.failed:
            return "FAILED"
        return "SKIPPED" if self.reason else "ok"

    def line(self) -> str:
        text = self.reason or str(self.job.counts)
        return f"{self.job.name:<20}{self.word:<9}{self.seconds:6.1f} s  {text}"


def run_suite(suite: Suite, broken: dict[str, Job]) -> Outcome:
    job = Job(suite.name)
    job.log.unlink(missing_ok=True)
    start = time.monotonic()
    reason = ""
    bad = [broken[build] for build in suite.builds if build in broken]
    try:
        if bad:
            job.say("\n".join(build.log.read_text() for build in bad))
            job.counts.failed = 1
        else:
            suite.run(job)
    except Skip as skip:
        reason = str(skip)
        job.say(f"SKIPPED: {reason}")
        job.counts.skipped += 1
    except Exception as error:  # a mistake of the suite fails that suite, not the run
        job.say(f"{type(error).__name__}: {error}")
        job.counts.failed += 1
    return Outcome(job, time.monotonic() - start, reason)


def say(text: str) -> None:
    print(text, flush=True)


def make_builds(names: list[str], builds: dict[str, Build]) -> dict[str, Job]:
    """Makes the builds one after the other; gives those that failed."""
    broken = {}
    for name in names:
        start = time.monotonic()
        job = builds[name].make(name)
        word = "FAILED" if job.counts.failed else "ok"
        say(f"{job.name:<20}{word:<9}{time.monotonic() - start:6.1f} s")
        if job.counts.failed:
            broken[name] = job
    return broken


def run_all(suites: list[Suite], builds: dict[str, Build]) -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    needed = [name for name in builds if any(name in suite.builds for suite in suites)]
    broken = make_builds(needed, builds)
    outcomes = []
    with ThreadPoolExecutor(max_workers=CORES) as pool:
        for future in as_completed([pool.submit(run_suite, suite, broken) for suite in suites]):
            outcome = future.result()
            outcomes.append(outcome)
            say(outcome.line())
            if outcome.job.counts.failed:
                say(outcome.job.tail())
    total = Counts()
    for outcome in outcomes:
        total.add(outcome.job.counts)
    say(f"\nin {time.monotonic() - start:.0f} s; full output in {LOGS.relative_to(ROOT)}/")
    for outcome in outcomes:
        if outcome.word != "ok":
            say(outcome.line())
        for reason, number in outcome.job.reasons.items():
            say(f"{outcome.job.name:<20}{number} skipped: {reason}")
    say(str(total))
    return 1 if total.failed else 0
