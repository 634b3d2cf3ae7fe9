"""The entries' rules and matchConditions, and the server, agree on every golden case."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import chart
import pytest
import tools

HERE = Path(__file__).parent
PROGRAM = tools.CACHE / "conditions"
CONFIGURATIONS = ("mutatingwebhookconfiguration.yaml", "validatingwebhookconfiguration.yaml")

UNDECIDED = {"not-spilo", "not-harbor", "not-concerned"}

# Asked about, though the server then decides nothing: a condition that knew better would be longer
# than what it saves.
ASKED_IN_VAIN = {
    "whose database a pod is, and whether the profile is for it, is the profile's business": {
        "backup-other-team",
        "pod-listed-neither-other-team",
        "pod-other-namespace-in-name",
        "pod-other-team",
        "profile-not-harbor",
    },
    "the StatefulSet that owns a spilo pod is looked at by the server only": {
        "pod-mirror",
        "pod-mirror-annotated",
        "pod-no-owner",
        "pod-owner-of-another-name",
    },
    "no object can have such a name": {"cr-create-name-without-harborcluster"},
    "every CRD of the operator refuses it": {"cr-create-no-spec", "cr-create-spec-wrong-type"},
}

# What Kubernetes refuses to read before it asks anybody.
UNREADABLE = {"configmap-data-wrong-type", "pod-env-ugly-entries", "pod-env-wrong-type"}


def run(*words: object, text: str = "", folder: Path = HERE) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, **tools.GO_ENVIRONMENT},
        input=text,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def expected(name: str) -> dict:
    """What the server answers; the golden suite holds that."""
    return json.loads((chart.TESTS / "golden" / name / "expected.json").read_text())


@pytest.fixture(scope="module")
def judge() -> Callable[[list[Path]], list[dict]]:
    """What the API server's own code says to cases: {"name", "called", "why"} for each."""
    run(*tools.GO_BUILD, "-o", PROGRAM, ".", folder=HERE / "conditions")
    only = [word for name in CONFIGURATIONS for word in ("--show-only", f"templates/{name}")]
    configurations = chart.render(None, *only)

    def judge(cases: list[Path]) -> list[dict]:
        lines = run(PROGRAM, chart.TESTS, *cases, text=configurations).splitlines()
        return [json.loads(line) for line in lines]

    return judge


@pytest.fixture(scope="module")
def verdicts(judge) -> list[dict]:
    """Those of every golden case that is a decision, with its name."""
    found = judge(sorted(chart.TESTS.glob("golden/*/case.json")))
    for it in found:
        it["name"] = Path(it["case"]).parent.name
    return [it for it in found if "allowed" in expected(it["name"])]


def test_there_are_cases_of_every_kind(verdicts: list[dict]) -> None:
    assert len(verdicts) > 300
    assert {"", "rules", "of-harbor", "not-being-deleted", "spec-or-repair-changed"} <= {
        it["why"] for it in verdicts
    }


def test_no_condition_fails(verdicts: list[dict]) -> None:
    assert [it for it in verdicts if it["why"].startswith("error")] == []


def test_what_is_decided_is_asked_about(verdicts: list[dict]) -> None:
    """The entry's only shortcut: an update that changes nothing of ours."""
    for it in verdicts:
        answer = expected(it["name"])
        if it["called"] or answer["reason"] in UNDECIDED or it["name"] in UNREADABLE:
            continue
        assert it["why"] == "spec-or-repair-changed", it
        assert answer["allowed"] and "patch" not in answer, it["name"]
        assert answer["reason"] in ("already-right", "live-untouched"), it["name"]


def test_what_is_not_decided_is_not_asked_about(verdicts: list[dict]) -> None:
    in_vain = {
        it["name"]
        for it in verdicts
        if it["called"] and expected(it["name"])["reason"] in UNDECIDED
    }
    assert in_vain == set().union(*ASKED_IN_VAIN.values())


def test_what_cannot_be_read_is_known(verdicts: list[dict]) -> None:
    unreadable = {it["name"] for it in verdicts if it["why"].startswith("refused: ")}
    assert unreadable == UNREADABLE


def own_cases() -> dict[str, dict]:
    """In tests/chart/cases: what no golden case needs to tell; `called` says what is right."""
    return {str(path): json.loads(path.read_text()) for path in sorted(HERE.glob("cases/*.json"))}


def test_own_cases(judge) -> None:
    wanted = {path: case["called"] for path, case in own_cases().items()}
    verdicts = judge([Path(path) for path in wanted])
    assert len(wanted) >= 14
    assert [it for it in verdicts if "error" in it["why"]] == []
    assert {it["case"]: it["called"] for it in verdicts} == wanted


@pytest.mark.parametrize("path", own_cases(), ids=lambda path: Path(path).stem)
def test_the_server_agrees_on_own_cases(path: str) -> None:
    case = own_cases()[path]
    words = ("patch", "--profile", "enabled", "--output", "review")
    done = subprocess.run(
        [os.environ["HPW_BINARY"], *words],
        input=json.dumps(case["review"]),
        capture_output=True,
        text=True,
    )
    response = json.loads(done.stdout)["response"]
    decided = response["auditAnnotations"]["reason"] not in UNDECIDED
    assert decided == case["called"]
