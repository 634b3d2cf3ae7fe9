"""Reviews of a size: the recorded pod, grown by what makes real pods large."""

import copy
import json
from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "data/reviews/pod-create-patched-chain.json"


def compact(review: dict) -> bytes:
    return json.dumps(review, separators=(",", ":")).encode()


def sample() -> dict:
    return json.loads(SAMPLE.read_text())


def grow(review: dict, number: int) -> None:
    """Adds one of each: annotation, variable, volume, its mount, and who manages them."""
    pod = review["request"]["object"]
    name = f"extra-{number:05}"
    annotations = pod["metadata"].setdefault("annotations", {})
    annotations[f"example.com/{name}"] = f'sidecar {number}: image, ports, "limits" and probes'
    container = pod["spec"]["containers"][0]
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.annotations['{name}']"}}
    container["env"].append({"name": f"EXTRA_{number:05}", "valueFrom": field})
    pod["spec"]["volumes"].append(
        {"name": name, "configMap": {"name": f"{name}-settings", "defaultMode": 420}}
    )
    container.setdefault("volumeMounts", []).append(
        {"name": name, "mountPath": f"/etc/extra/{number:05}", "readOnly": True}
    )
    managed = pod["metadata"]["managedFields"][0]["fieldsV1"]
    managed.setdefault("f:metadata", {}).setdefault("f:annotations", {})[
        f"f:example.com/{name}"
    ] = {}
    managed.setdefault("f:spec", {}).setdefault("f:volumes", {})[f'k:{{"name":"{name}"}}'] = {
        ".": {},
        "f:configMap": {".": {}, "f:defaultMode": {}, "f:name": {}},
        "f:name": {},
    }


def of_size(size: int) -> bytes:
    """A review of about `size` bytes; the recorded one when that is not smaller."""
    start = sample()
    one = copy.deepcopy(start)
    grow(one, 0)
    base = len(compact(start))
    step = len(compact(one)) - base
    for number in range(max(0, (size - base) // step)):
        grow(start, number)
    return compact(start)
