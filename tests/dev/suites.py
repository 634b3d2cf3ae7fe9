"""The test suites of `./dev test`, one function and one row of SUITES each."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from runner import BUILD, CACHE, LOGS, ROOT, SKIPPED_STATUS, Build, Job, Skip, Suite, run_all

FUZZ_SECONDS = 60
FUZZ_TARGETS = sorted(path.stem for path in (ROOT / "tests/fuzz").glob("fuzz_*.c"))

RESTORE_TOOLS = (
    *("etcd", "versitygw", "kube-apiserver", "kube-controller-manager", "kubectl", "kwok"),
    *("postgres-operator", "harbor-operator", "helm"),
)

# In the order in which they are made. "default" is what `./dev build` makes. Warnings are errors in
# "coverage", and in lint: gcc's with optimisation in gcc-analyzer, clang's in clang-tidy.
BUILDS = {
    "default": Build(),
    # Threads count lines too: without atomic counters a count can come out negative.
    "coverage": Build(
        (
            "-Db_coverage=true",
            "-Doptimization=0",
            "-Dwerror=true",
            "-Dc_args=-fprofile-update=atomic",
        ),
    ),
    "address": Build(("-Db_sanitize=address,undefined", "-Doptimization=1")),
    "thread": Build(("-Db_sanitize=thread",)),
    "fuzz": Build(
        (
            "-Db_sanitize=address,undefined",
            "-Db_lundef=false",
            "-Dc_args=-fsanitize=fuzzer-no-link",
        ),
        compiler="clang-14",
        targets=tuple(f"tests/fuzz/{target}" for target in FUZZ_TARGETS),
    ),
}

# Nothing is suppressed: there are no reports to suppress.
SANITIZER_ENVIRONMENT = {
    "HPW_SLOW": "1",
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99",
}


def binary(build: str) -> Path:
    return BUILD / build / "server/harbor-pg-webhook"


def folder(path: str) -> str:
    if not (ROOT / path).is_dir():
        raise Skip(f"there is no folder {path}")
    return path


def build_tools(job: Job, *names: str) -> None:
    for name in names:
        status, output = job.run("tests/tools/build", name)
        if status == SKIPPED_STATUS:
            raise Skip(output.strip())
        if status != 0:
            raise RuntimeError(f"{name} could not be built")


def unit(job: Job) -> None:
    for counters in (BUILD / "coverage").rglob("*.gcda"):
        counters.unlink()
    job.meson("coverage", "unit")
    job.check(
        "every line of base/ and patches/ is run by the unit tests",
        *("gcovr", "--root", ROOT, "--object-directory", BUILD / "coverage"),
        *("--filter", "base/", "--filter", "patches/", "--fail-under-line", "100"),
    )


def golden(job: Job) -> None:
    job.meson("default", "golden")


def exits(job: Job) -> None:
    job.meson("default", "exits")


def collation(job: Job) -> None:
    job.meson("default", "collation")


def oracle(job: Job) -> None:
    tests = BUILD / "default/tests"
    job.program(
        "tests/oracle/run", tests / "golden/test_golden", tests / "properties/test_generated"
    )


def cli(job: Job) -> None:
    job.pytest(folder("tests/cli"), binary("default"))


def wire(job: Job) -> None:
    job.pytest(folder("tests/wire"), binary("default"))


def chart(job: Job) -> None:
    status, output = job.run("tests/tools/build", "helm")
    if status == SKIPPED_STATUS:
        raise Skip(output.strip())
    job.pytest(folder("tests/chart"), binary("default"))


def cluster(job: Job) -> None:
    """The tools first, one at a time: where they are not cached yet, they take long."""
    status, output = job.run("unshare", "--net", "true")
    if status != 0:
        raise Skip(f"no network namespace can be made here: {output.strip()}")
    build_tools(job, *job.run("tests/tools/build", "--list")[1].split())
    job.pytest(folder("tests/cluster"), binary("default"))


def restore(job: Job) -> None:
    status, output = job.run("tests/restore/parts.py")
    if status == SKIPPED_STATUS:
        raise Skip(output.strip())
    if status != 0:
        raise RuntimeError("what the sandboxes need could not be made")
    build_tools(job, *RESTORE_TOOLS)
    job.pytest(folder("tests/restore"), binary("default"))


def archive(job: Job) -> None:
    build_tools(job, "versitygw")
    job.pytest(folder("tests/archive"), binary("default"))


def fuzz(job: Job) -> None:
    """The corpus in the normal build, then a minute of libFuzzer, shared between the targets."""
    job.meson("default", "fuzz")
    for target in FUZZ_TARGETS:
        found = CACHE / "fuzz" / target
        found.mkdir(parents=True, exist_ok=True)
        corpus = ROOT / "tests/fuzz/corpus" / target.removeprefix("fuzz_")
        seconds = FUZZ_SECONDS // len(FUZZ_TARGETS)
        job.check(
            f"{target} finds nothing",
            *(BUILD / "fuzz/tests/fuzz" / target, f"-max_total_time={seconds}", "-timeout=10"),
            *("-print_final_stats=1", f"-artifact_prefix={LOGS}/{target}-", "-verbosity=0"),
            *(found, corpus),
        )


def image(job: Job) -> None:
    if os.geteuid() != 0:
        raise Skip("the image is built and run as root only")
    job.pytest(folder("tests/image"), binary("default"))


def sanitized(build: str) -> Callable[[Job], None]:
    def run(job: Job) -> None:
        job.meson(build, "unit", "golden", env=SANITIZER_ENVIRONMENT)
        job.pytest(folder("tests/wire"), binary(build), env=SANITIZER_ENVIRONMENT)

    return run


def valgrind(job: Job) -> None:
    command = "valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=all"
    job.meson("default", "unit", "golden", wrapper=command)


def lint(job: Job) -> None:
    job.program(sys.executable, "tests/lint/run")


def docs(job: Job) -> None:
    job.meson("default", "docs")
    job.check("the demo shows what it promises", "tests/dev/demo", binary("default"))


# The long ones come first, so that the end is not one of them alone.
SUITES = [
    Suite(
        "sanitizers-thread",
        "unit, golden and wire under the thread sanitizer",
        sanitized("thread"),
        ("thread",),
    ),
    Suite(
        "sanitizers-address",
        "the same under the address and undefined behaviour sanitizers",
        sanitized("address"),
        ("address",),
    ),
    Suite("cluster", "the real control plane and operators", cluster, ("default",)),
    Suite("restore", "Harbor's rules and clones on a real PostgreSQL", restore, ("default",)),
    Suite("archive", "archives on real S3 servers, whole and damaged", archive, ("default",)),
    Suite("image", "the container image: its files, its bill of materials, at work", image),
    Suite("unit", "each module alone; every line of base/ and patches/", unit, ("coverage",)),
    Suite("golden", "whole decisions on recorded reviews", golden, ("default",)),
    Suite("exits", "every refusal's way out, applied literally, is allowed", exits, ("default",)),
    Suite("collation", "a database never changes its collation", collation, ("default",)),
    Suite("oracle", "our patches against the API server's own library", oracle, ("default",)),
    Suite("cli", "the command line", cli, ("default",)),
    Suite("wire", "the real binary over TLS", wire, ("default",)),
    Suite("chart", "the Helm chart: each value, guard, entry, alert", chart, ("default",)),
    Suite("fuzz", "corpus replay and a minute of libFuzzer", fuzz, ("default", "fuzz")),
    Suite("valgrind", "unit and golden under valgrind", valgrind, ("default",)),
    Suite("lint", "format, analysers, layering, banned functions", lint, ("default",)),
    Suite("docs", "pages made from tables, and the demo, say what is so", docs, ("default",)),
]


def chosen(wanted: str) -> list[Suite]:
    """The suite of this name, or the suites of a family: `sanitizers`."""
    return [it for it in SUITES if it.name == wanted or it.name.startswith(f"{wanted}-")]


def main(arguments: list[str]) -> int:
    if arguments == ["--list"]:
        for suite in SUITES:
            print(f"{suite.name:<20}{suite.about}")
        return 0
    for name in arguments:
        if not chosen(name):
            names = " ".join(suite.name for suite in SUITES)
            print(f"unknown suite '{name}'; there are: {names}", file=sys.stderr)
            return 2
    wanted = [suite for name in arguments for suite in chosen(name)]
    return run_all([suite for suite in SUITES if suite in wanted] if arguments else SUITES, BUILDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
