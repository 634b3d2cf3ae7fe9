"""What a kubelet does with a Pod between the API server and its container: the environment.

Pure: a Pod as it is stored, and a way to look up ConfigMaps and Secrets, in; the container's
variables, or the reason why the container cannot be created, out.
"""

import base64
import re
from collections.abc import Callable, Iterable, Iterator

# By kind, namespace and name: the object as it is stored, or None.
Lookup = Callable[[str, str, str], dict | None]

REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")

# Kubelets before 1.34 leave out of an envFrom whatever is not such a name; later ones take all.
OLD_NAME = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z][-._a-zA-Z0-9]*")

KINDS = {
    "configMapRef": "ConfigMap",
    "secretRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "secretKeyRef": "Secret",
}

FIELDS: dict[str, Callable[[dict], str]] = {
    "metadata.name": lambda pod: pod["metadata"]["name"],
    "metadata.namespace": lambda pod: pod["metadata"]["namespace"],
    "metadata.uid": lambda pod: pod["metadata"].get("uid", ""),
    "spec.nodeName": lambda pod: pod["spec"].get("nodeName", ""),
    "spec.serviceAccountName": lambda pod: pod["spec"].get("serviceAccountName", ""),
    "status.hostIP": lambda pod: pod["status"].get("hostIP", ""),
    "status.podIP": lambda pod: pod["status"].get("podIP", ""),
}


class CreateContainerConfigError(Exception):
    """The container is not created; the text is what `kubectl describe` shows of it."""


def lookup(objects: Iterable[dict]) -> Lookup:
    """Looks up among these objects."""
    by_name = {
        (it["kind"], it["metadata"]["namespace"], it["metadata"]["name"]): it for it in objects
    }
    return lambda kind, namespace, name: by_name.get((kind, namespace, name))


def environment(
    pod: dict,
    find: Lookup,
    services: dict[str, str] | None = None,
    container: str = "postgres",
    old_names: bool = False,
) -> dict[str, str]:
    """The variables with which the container starts.

    `services` are those that a kubelet adds of itself. Of a name that is there twice the last one
    counts, env counts before envFrom, and both before `services`.
    """
    services = services or {}
    spec = next(it for it in pod["spec"]["containers"] if it["name"] == container)
    result: dict[str, str] = {}
    for source in spec.get("envFrom", []):
        for name, value in _all_of(source, pod["metadata"]["namespace"], find):
            if not old_names or OLD_NAME.fullmatch(name):
                result[name] = value
    for entry in spec.get("env", []):
        value = entry.get("value", "")
        if value:
            value = expand(value, services | result)
        elif "valueFrom" in entry:
            value = _referenced(entry["valueFrom"], pod, find)
        if value is not None:
            result[entry["name"]] = value
    return services | result


def expand(text: str, known: dict[str, str]) -> str:
    """`$(NAME)` becomes what is known of it, or stays; `$$` is a dollar."""

    def one(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else known.get(name, match[0])

    return REFERENCE.sub(one, text)


def _all_of(source: dict, namespace: str, find: Lookup) -> Iterator[tuple[str, str]]:
    key = next(it for it in ("configMapRef", "secretRef") if it in source)
    data = _data(KINDS[key], namespace, source[key], find)
    for name, value in (data or {}).items():
        yield source.get("prefix", "") + name, value


def _referenced(source: dict, pod: dict, find: Lookup) -> str | None:
    """None when an optional reference has nothing: then the entry is as if it were not there."""
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    key = next((it for it in ("configMapKeyRef", "secretKeyRef") if it in source), None)
    if key is None:
        raise NotImplementedError(f"the test kubelet does not know {', '.join(source)}")
    reference, namespace = source[key], pod["metadata"]["namespace"]
    data = _data(KINDS[key], namespace, reference, find)
    if data is None:
        return None
    if reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    raise CreateContainerConfigError(
        f"couldn't find key {reference['key']} in {KINDS[key]} {namespace}/{reference['name']}"
    )


def _data(kind: str, namespace: str, reference: dict, find: Lookup) -> dict[str, str] | None:
    """The texts of an object; None when there is none and it may be missing."""
    it = find(kind, namespace, reference["name"])
    if it is None:
        if reference.get("optional"):
            return None
        raise CreateContainerConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    data = it.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value).decode() for key, value in data.items()}
    return data


def _field(pod: dict, path: str) -> str:
    subscript = SUBSCRIPT.fullmatch(path)
    if subscript:
        return pod["metadata"].get(subscript[1], {}).get(subscript[2], "")
    if path not in FIELDS:
        raise NotImplementedError(f"the test kubelet does not know the field {path}")
    return FIELDS[path](pod)
