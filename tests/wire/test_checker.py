"""The checker itself: every rule finds the answer that breaks it."""

import base64
import copy
import json

import checker
import pytest
import samples
from client import Answer

PATCH = base64.b64encode(b'[{"op":"add","path":"/x","value":1}]').decode()


def good() -> dict:
    review = samples.pod()
    return {
        "apiVersion": review["apiVersion"],
        "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": PATCH,
            "warnings": ["one"],
            "auditAnnotations": {"decision": "restore"},
        },
    }


def encoded(patch: object) -> str:
    return base64.b64encode(json.dumps(patch).encode()).decode()


# rule -> the members of `response` that break it; None removes a member
BROKEN = {
    "uid is the request's": {"uid": "another"},
    "allowed is a boolean": {"allowed": "yes"},
    "patch and patchType come together": {"patchType": None},
    "patchType is JSONPatch": {"patchType": "MergePatch"},
    "patch is base64 of a JSON array": {"patch": encoded({"op": "add"})},
    "a patch has operations": {"patch": encoded([])},
    "operations are plain add, replace or remove": {
        "patch": encoded([{"op": "test", "path": "/x", "value": 1}])
    },
    "a denial carries no patch": {"allowed": False},
    "a denial has a message and a code of a failure": {
        "allowed": False,
        "patch": None,
        "patchType": None,
        "status": {"code": 403},
    },
    "warnings are short and without control characters": {"warnings": ["two\nlines"]},
    "no warning twice": {"warnings": ["one", "one"]},
    "warnings fit together": {"warnings": [f"{n:0250d}" for n in range(20)]},
    "audit keys are plain names": {"auditAnnotations": {"a/b": "c"}},
    "audit values are texts": {"auditAnnotations": {"a": 1}},
}


def answer_of(reply: dict, status: int = 200, content_type: str = "application/json") -> Answer:
    return Answer(status, [("Content-Type", content_type)], json.dumps(reply).encode())


def test_a_right_answer_breaks_no_rule():
    assert checker.broken_rule(samples.pod(), answer_of(good())) is None


@pytest.mark.parametrize("rule", BROKEN)
def test_response(rule: str):
    reply = good()
    for name, value in BROKEN[rule].items():
        if value is None:
            del reply["response"][name]
        else:
            reply["response"][name] = value
    assert checker.broken_rule(samples.pod(), answer_of(reply)) == rule


def test_envelope():
    review = samples.pod()
    cases = {
        "the status code is 200": answer_of(good(), status=500),
        "the content type is application/json": answer_of(good(), content_type="text/html"),
        "response is present": answer_of({**good(), "response": None}),
        "apiVersion is the request's": answer_of({**good(), "apiVersion": "v1"}),
        "kind is AdmissionReview": answer_of({**good(), "kind": "Review"}),
        "the request is not sent back": answer_of({**good(), "request": {}}),
    }
    for rule, answer in cases.items():
        assert checker.broken_rule(review, answer) == rule
    deletion = copy.deepcopy(review)
    deletion["request"]["operation"] = "DELETE"
    assert checker.broken_rule(deletion, answer_of(good())) == "DELETE carries no patch"
    assert set(cases) | set(BROKEN) | {"DELETE carries no patch"} == {
        rule.name for rule in checker.RULES
    }
