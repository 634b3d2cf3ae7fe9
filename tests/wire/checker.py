"""What the API server checks in an answer before it believes it (wire-contract.md 2), as a table.

The sources are kubernetes/apiserver's admissionreview.go (VerifyAdmissionResponse), dispatcher.go,
attributes.go (checkKeyFormat) and apimachinery's NewWarningHeader. Rules that only v1 has are
marked; the rest holds for v1beta1, too."""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from client import Answer

V1 = "admission.k8s.io/v1"
V1BETA1 = "admission.k8s.io/v1beta1"


@dataclass
class Exchange:
    """A review that was sent, the answer, and what of it could be read."""

    review: dict
    answer: Answer
    reply: dict
    response: dict

    @property
    def patch(self) -> list | None:
        if "patch" not in self.response:
            return None
        return json.loads(base64.b64decode(self.response["patch"], validate=True))


def _patch_is_array(exchange: Exchange) -> bool:
    if "patch" not in exchange.response:
        return True
    try:
        return isinstance(exchange.patch, list)
    except (binascii.Error, ValueError, TypeError):
        return False


def _is_operation(operation: object) -> bool:
    """The rules of our own generator (wire-contract 3.1): add, replace and remove only."""
    if not isinstance(operation, dict) or not str(operation.get("path", "")).startswith("/"):
        return False
    wanted = {"remove": {"op", "path"}}.get(operation.get("op"), {"op", "path", "value"})
    return operation.get("op") in ("add", "replace", "remove") and set(operation) == wanted


def _is_warning(text: object) -> bool:
    return (
        isinstance(text, str)
        and bool(text)
        and len(text) <= 256
        and not any(unicodedata.category(letter) == "Cc" for letter in text)
    )


def _is_audit_key(key: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", key))


def _warnings(exchange: Exchange) -> list:
    return exchange.response.get("warnings", [])


def _denial_speaks(exchange: Exchange) -> bool:
    if exchange.response.get("allowed") is not False:
        return "status" not in exchange.response
    status = exchange.response.get("status", {})
    return bool(status.get("message")) and 400 <= status.get("code", 0) <= 599


@dataclass(frozen=True)
class Rule:
    name: str
    holds: Callable[[Exchange], bool]
    only_v1: bool = False


RULES = (
    Rule("the status code is 200", lambda e: e.answer.status == 200),
    Rule(
        "the content type is application/json",
        lambda e: (e.answer.header("Content-Type") or "").split(";")[0] == "application/json",
    ),
    Rule("response is present", lambda e: bool(e.response)),
    Rule("apiVersion is the request's", lambda e: e.reply["apiVersion"] == e.review["apiVersion"]),
    Rule("kind is AdmissionReview", lambda e: e.reply["kind"] == "AdmissionReview"),
    Rule("uid is the request's", lambda e: e.response["uid"] == e.review["request"]["uid"]),
    Rule("the request is not sent back", lambda e: "request" not in e.reply),
    Rule("allowed is a boolean", lambda e: isinstance(e.response.get("allowed"), bool)),
    Rule(
        "patch and patchType come together",
        lambda e: ("patch" in e.response) == ("patchType" in e.response),
    ),
    Rule(
        "patchType is JSONPatch", lambda e: e.response.get("patchType", "JSONPatch") == "JSONPatch"
    ),
    Rule("patch is base64 of a JSON array", _patch_is_array),
    Rule("a patch has operations", lambda e: "patch" not in e.response or bool(e.patch)),
    Rule(
        "operations are plain add, replace or remove",
        lambda e: all(_is_operation(operation) for operation in e.patch or []),
    ),
    Rule(
        "a denial carries no patch",
        lambda e: e.response.get("allowed") is True or "patch" not in e.response,
    ),
    Rule(
        "DELETE carries no patch",
        lambda e: e.review["request"]["operation"] != "DELETE" or "patch" not in e.response,
    ),
    Rule("a denial has a message and a code of a failure", _denial_speaks),
    Rule(
        "warnings are short and without control characters",
        lambda e: all(_is_warning(text) for text in _warnings(e)),
    ),
    Rule("no warning twice", lambda e: len(set(_warnings(e))) == len(_warnings(e))),
    Rule("warnings fit together", lambda e: sum(len(text) for text in _warnings(e)) <= 4096),
    Rule(
        "audit keys are plain names",
        lambda e: all(_is_audit_key(key) for key in e.response.get("auditAnnotations", {})),
    ),
    Rule(
        "audit values are texts",
        lambda e: all(
            isinstance(value, str) for value in e.response.get("auditAnnotations", {}).values()
        ),
    ),
)


def exchange_of(review: dict, answer: Answer) -> Exchange:
    reply = {}
    if answer.status == 200:
        reply = json.loads(answer.body.decode("utf-8"))
    return Exchange(review, answer, reply, reply.get("response") or {})


def broken_rule(review: dict, answer: Answer) -> str | None:
    """The first rule that the answer breaks."""
    exchange = exchange_of(review, answer)
    return next((rule.name for rule in RULES if not rule.holds(exchange)), None)


def check(review: dict, answer: Answer) -> Exchange:
    """Applies every rule and returns what was read."""
    rule = broken_rule(review, answer)
    assert rule is None, f"broken rule: {rule}; answer: {answer.status} {answer.body[:2000]!r}"
    return exchange_of(review, answer)


def check_error(answer: Answer, status: int, *parts: str) -> str:
    """An answer that is not a review: one line of text that a person can act on (design.md 5)."""
    assert answer.status == status, f"{answer.status} {answer.body[:600]!r}"
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"
    assert 0 < len(answer.body) <= 512
    text = answer.text
    assert text.endswith("\n") and text.count("\n") == 1, repr(text)
    cut = len(answer.body) > 500
    assert text.strip() and (cut or text.strip() == text[:-1]), repr(text)
    for part in parts:
        assert part.lower() in text.lower(), f"{part!r} is not in {text!r}"
    return text
