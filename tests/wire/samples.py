"""Reviews that a real API server sent, and small changes of them."""

import copy
import json
import uuid
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "data" / "reviews"

POSTGRESQLS = "/v1/postgresqls"
CONFIGMAPS = "/v1/configmaps"
RESTORE = "/v1/pods/restore/dr-2026-11"
BACKUP = "/v1/pods/backup/generation-2"

# file -> the path that the chart would send it to
PATHS = {
    "cr-create-real-harbor-operator": POSTGRESQLS,
    "cr-update-real-harbor-operator": POSTGRESQLS,
    "cr-update-after-repair": POSTGRESQLS,
    "pod-create-real-chain": RESTORE,
    "pod-create-patched-chain": RESTORE,
}


def review(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def pod() -> dict:
    """A pod that a restore profile lets in."""
    return review("pod-create-patched-chain")


def postgresql() -> dict:
    """Harbor's own resource, unrepaired."""
    return review("cr-create-real-harbor-operator")


def config_map(data: dict[str, str]) -> dict:
    kind = {"group": "", "version": "v1", "kind": "ConfigMap"}
    resource = {"group": "", "version": "v1", "resource": "configmaps"}
    metadata = {"name": "harbor-pg-restore", "namespace": "lab"}
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": str(uuid.uuid4()),
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "name": "harbor-pg-restore",
            "namespace": "lab",
            "operation": "CREATE",
            "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters"]},
            "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    }


def with_uid(given: dict, uid: str | None = None) -> dict:
    """The same request with another uid, as every call of the API server has one."""
    changed = {**given, "request": {**given["request"], "uid": uid or str(uuid.uuid4())}}
    return changed


def changed(given: dict, **members: object) -> dict:
    """A deep copy with members of `request` replaced; the value `...` removes one."""
    result = copy.deepcopy(given)
    for name, value in members.items():
        if value is ...:
            del result["request"][name]
        else:
            result["request"][name] = value
    return result


def wire(given: dict) -> bytes:
    """As the API server writes it: compact, non-ASCII raw, with Go's escapes for <, > and &."""
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode("utf-8")


def padded(given: dict, size: int) -> bytes:
    """The review made `size` bytes long by an annotation that nobody reads."""
    result = copy.deepcopy(given)
    annotations = result["request"]["object"]["metadata"].setdefault("annotations", {})
    annotations["padding"] = ""
    annotations["padding"] = "x" * (size - len(wire(result)))
    body = wire(result)
    assert len(body) == size
    return body


def container(given: dict) -> dict:
    return given["request"]["object"]["spec"]["containers"][0]
