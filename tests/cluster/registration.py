"""The webhook configurations by hand, as the chart renders them (design 5 and 7.9)."""

import base64

NAMESPACE = "harbor-pg-webhook"
SERVICE = "harbor-pg-webhook"
CONFIGURATION = "harbor-pg-webhook"
DOMAIN = "harbor-pg-webhook.example.invalid"  # what the entries' names end with
RESTORE_LABEL = "harbor-pg-webhook/restore"
BACKUP_LABEL = "harbor-pg-webhook/backup"

REPAIR = "'harbor-pg-webhook/repair'"
CHECKSUM = "'.harborcluster.checksum.goharbor.io/'"


def _annotation(of: str) -> str:
    """CEL: the repair annotation's value, empty when there is none."""
    present = f"has({of}.metadata.annotations) && {REPAIR} in {of}.metadata.annotations"
    return f"({present} ? {of}.metadata.annotations[{REPAIR}] : '')"


HARBORS_RESOURCE = [
    {
        "name": "of-harbor",
        "expression": (
            "(has(object.metadata.name) && object.metadata.name.startsWith("
            "'postgresql-' + request.namespace + '-')) || (has(object.metadata.annotations) && "
            f"object.metadata.annotations.exists(k, k.contains({CHECKSUM})))"
        ),
    },
    {"name": "not-going-away", "expression": "!has(object.metadata.deletionTimestamp)"},
    {
        "name": "spec-or-repair-changed",
        "expression": (
            "oldObject == null || has(object.spec) != has(oldObject.spec) || "
            "(has(object.spec) && object.spec != oldObject.spec) || "
            f"{_annotation('object')} != {_annotation('oldObject')}"
        ),
    },
]

SPILO_POD = [
    {
        "name": "spilo",
        "expression": (
            "object.spec.containers.exists(c, c.name == 'postgres' && has(c.env) && "
            "c.env.exists(e, e.name == 'SCOPE'))"
        ),
    }
]

RESTORE_CONFIGMAP = [
    {
        "name": "restore",
        "expression": (
            "(has(object.metadata.name) && object.metadata.name == 'harbor-pg-restore') || "
            "(has(object.metadata.labels) && 'harbor-pg-webhook/config' in object.metadata.labels "
            "&& object.metadata.labels['harbor-pg-webhook/config'] == 'restore')"
        ),
    }
]

POSTGRESQLS = {
    "apiGroups": ["acid.zalan.do"],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["postgresqls"],
    "scope": "Namespaced",
}
PODS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["pods"],
    "scope": "Namespaced",
}
CONFIGMAPS = {**PODS, "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}


def _entry(
    name: str,
    path: str,
    rule: dict,
    conditions: list[dict],
    ca: bytes,
    selectors: list[dict] | None = None,
) -> dict:
    others = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["kube-system", NAMESPACE],
    }
    return {
        "name": f"{name}.{DOMAIN}",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "timeoutSeconds": 3,
        "clientConfig": {
            "service": {"namespace": NAMESPACE, "name": SERVICE, "path": path, "port": 443},
            "caBundle": base64.b64encode(ca).decode(),
        },
        "namespaceSelector": {"matchExpressions": [others, *(selectors or [])]},
        "rules": [rule],
        "matchConditions": conditions,
    }


def _pods(kind: str, label: str, profiles: list[str], ca: bytes) -> list[dict]:
    """One entry for each profile, and the one that catches every other value of the label."""
    rest = [{"key": label, "operator": "Exists"}]
    if profiles:
        rest.append({"key": label, "operator": "NotIn", "values": profiles})
    selectors = {
        **{name: [{"key": label, "operator": "In", "values": [name]}] for name in profiles},
        "unlisted": rest,
    }
    return [
        {
            **_entry(f"{name}.{kind}", f"/v1/pods/{kind}/{name}", PODS, SPILO_POD, ca, selector),
            "reinvocationPolicy": "IfNeeded",
        }
        for name, selector in selectors.items()
    ]


def mutating(ca: bytes, restore: list[str], backup: list[str]) -> dict:
    """Backup entries before restore entries: the latter judge the archive that the former set."""
    first = _entry("postgresqls", "/v1/postgresqls", POSTGRESQLS, HARBORS_RESOURCE, ca)
    entries = [
        {**first, "reinvocationPolicy": "IfNeeded"},
        *_pods("backup", BACKUP_LABEL, backup, ca),
        *_pods("restore", RESTORE_LABEL, restore, ca),
    ]
    return {"metadata": {"name": CONFIGURATION}, "webhooks": entries}


def validating(ca: bytes) -> dict:
    entry = _entry("configmaps", "/v1/configmaps", CONFIGMAPS, RESTORE_CONFIGMAP, ca)
    return {"metadata": {"name": CONFIGURATION}, "webhooks": [entry]}
