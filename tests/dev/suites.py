"""The test suites of `./dev test`, one function and one row of SUITES each."""

import sys
from pathlib import Path

from runner import BUILD, CACHE, LOGS, ROOT, Build, Job, Skip, Suite, run_all

SUPPORT = ROOT / "tests/support"
FUZZ_SECONDS = 60

# In the order in which they are made. "default" is what `./dev build` makes; warnings are errors in
# the three that between them see both compilers, with and without optimisation.
BUILDS = {
    "default": Build(),
    "coverage": Build(("-Db_coverage=true", "-Doptimization=0", "-Dwerror=true")),
    "address": Build(("-Db_sanitize=address,undefined",)),
    "thread": Build(("-Db_sanitize=thread", "-Dwerror=true")),
    "fuzz": Build(
        (
            "-Db_sanitize=address,undefined",
            "-Db_lundef=false",
            "-Dc_args=-fsanitize=fuzzer-no-link",
            "-Dwerror=true",
        ),
        compiler="clang-14",
    ),
}

SANITIZER_ENVIRONMENT = {
    "HPW_SLOW": "1",
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
    "LSAN_OPTIONS": f"suppressions={SUPPORT}/leak.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": f"suppressions={SUPPORT}/thread.supp:halt_on_error=1:exitcode=99",
}


def binary(build: str) -> Path:
    return BUILD / build / "server/harbor-pg-webhook"


def folder(path: str) -> str:
    if not (ROOT / path).is_dir():
        raise Skip(f"there is no folder {path}")
    return path


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


def fuzz(job: Job) -> None:
    """The corpus in the normal build, then a minute of libFuzzer, shared between the targets."""
    job.meson("default", "fuzz")
    targets = [path for path in (BUILD / "fuzz/tests/fuzz").glob("fuzz_*") if path.is_file()]
    for target in sorted(targets):
        found = CACHE / "fuzz" / target.name
        found.mkdir(parents=True, exist_ok=True)
        corpus = ROOT / "tests/fuzz/corpus" / target.name.removeprefix("fuzz_")
        job.check(
            f"{target.name} finds nothing",
            *(
                target,
                f"-max_total_time={FUZZ_SECONDS // len(targets)}",
                "-print_final_stats=1",
            ),
            *("-timeout=10", f"-artifact_prefix={LOGS}/{target.name}-", "-verbosity=0"),
            *(found, corpus),
        )


def sanitizers(job: Job) -> None:
    for build in ("address", "thread"):
        job.meson(build, "unit", "golden", env=SANITIZER_ENVIRONMENT)
        if (ROOT / "tests/wire").is_dir():
            job.pytest("tests/wire", binary(build), env=SANITIZER_ENVIRONMENT)


def valgrind(job: Job) -> None:
    command = "valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=all"
    job.meson(
        "default",
        "unit",
        "golden",
        wrapper=f"{command} --suppressions={SUPPORT}/valgrind.supp",
    )


def lint(job: Job) -> None:
    job.program(sys.executable, "tests/lint/run")


def docs(job: Job) -> None:
    job.meson("default", "docs")
    job.check("the demo shows what it promises", "tests/dev/demo", binary("default"))


SUITES = [
    Suite(
        "unit",
        "each module alone; every line of base/ and patches/",
        unit,
        ("coverage",),
    ),
    Suite("golden", "whole decisions on recorded reviews", golden, ("default",)),
    Suite(
        "exits",
        "every refusal's way out, applied literally, is allowed",
        exits,
        ("default",),
    ),
    Suite("cli", "the command line", cli, ("default",)),
    Suite(
        "sanitizers",
        "unit, golden and wire under three sanitizers",
        sanitizers,
        ("address", "thread"),
    ),
    Suite(
        "oracle",
        "our patches against the API server's own library",
        oracle,
        ("default",),
    ),
    Suite("collation", "a database never changes its collation", collation, ("default",)),
    Suite("wire", "the real binary over TLS", wire, ("default",)),
    Suite("fuzz", "corpus replay and a minute of libFuzzer", fuzz, ("default", "fuzz")),
    Suite("lint", "format, analysers, layering, banned functions", lint, ("default",)),
    Suite("valgrind", "unit and golden under valgrind", valgrind, ("default",)),
    Suite("docs", "pages made from tables, and the demo, say what is so", docs, ("default",)),
]


def main(arguments: list[str]) -> int:
    if arguments == ["--list"]:
        for suite in SUITES:
            print(f"{suite.name:<12}{suite.about}")
        return 0
    names = [suite.name for suite in SUITES]
    unknown = [name for name in arguments if name not in names]
    if unknown:
        print(
            f"unknown suite '{unknown[0]}'; there are: {' '.join(names)}",
            file=sys.stderr,
        )
        return 2
    return run_all([suite for suite in SUITES if not arguments or suite.name in arguments], BUILDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
