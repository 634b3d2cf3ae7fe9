"""The test kubelet does what a kubelet does."""

import base64

import pytest
from kubelet import CreateContainerConfigError, environment, lookup

NAMESPACE = "lab"


def config_map(name: str, **data: str) -> dict:
    return {
        "kind": "ConfigMap",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "data": data,
    }


def secret(name: str, **data: str) -> dict:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {**config_map(name, **encoded), "kind": "Secret"}


def of_config_map(name: str, key: str, optional: bool | None = None) -> dict:
    return reference("configMapKeyRef", name, key, optional)


def of_secret(name: str, key: str, optional: bool | None = None) -> dict:
    return reference("secretKeyRef", name, key, optional)


def reference(kind: str, name: str, key: str, optional: bool | None) -> dict:
    more = {} if optional is None else {"optional": optional}
    return {"valueFrom": {kind: {"name": name, "key": key, **more}}}


def field(path: str) -> dict:
    return {"valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def literal(value: str) -> dict:
    return {"value": value}


def resolve(
    *env: tuple[str, dict],
    env_from: list[dict] | None = None,
    objects: tuple[dict, ...] = (),
    **more,
) -> dict[str, str]:
    entries = [{"name": name, **source} for name, source in env]
    containers = [
        {"name": "sidecar", "env": [{"name": "OTHER", "value": "container"}]},
        {"name": "postgres", "env": entries, "envFrom": env_from or []},
    ]
    pod = {
        "metadata": {
            "name": "postgresql-lab-reg-0",
            "namespace": NAMESPACE,
            "uid": "2c1a",
            "labels": {"cluster-name": "postgresql-lab-reg"},
        },
        "spec": {"containers": containers, "serviceAccountName": "postgres-pod"},
        "status": {"podIP": "10.201.0.7"},
    }
    return environment(pod, lookup(objects), **more)


def test_of_a_name_that_is_there_twice_the_last_counts():
    assert resolve(("A", literal("1")), ("A", literal("2"))) == {"A": "2"}


def test_an_entry_without_value_is_empty():
    assert resolve(("A", {}), ("B", literal(""))) == {"A": "", "B": ""}


# --- references to keys


@pytest.mark.parametrize(("of", "made"), [(of_config_map, config_map), (of_secret, secret)])
def test_a_key_is_read(of, made):
    assert resolve(("A", of("o", "k")), objects=(made("o", k="v w"),)) == {"A": "v w"}


@pytest.mark.parametrize(("of", "made"), [(of_config_map, config_map), (of_secret, secret)])
@pytest.mark.parametrize("objects", ["none", "without the key"])
def test_a_missing_optional_key_leaves_the_earlier_value(of, made, objects):
    there = () if objects == "none" else (made("o", other="v"),)
    result = resolve(("A", literal("earlier")), ("A", of("o", "k", True)), objects=there)
    assert result == {"A": "earlier"}


def test_a_missing_optional_key_alone_is_no_variable():
    assert resolve(("A", of_config_map("o", "k", True))) == {}


MISSING = [
    (of_config_map, config_map, 'configmap "o" not found', "ConfigMap"),
    (of_secret, secret, 'secret "o" not found', "Secret"),
]


@pytest.mark.parametrize("optional", [None, False])
@pytest.mark.parametrize(("of", "made", "text", "kind"), MISSING)
def test_a_missing_required_key_stops_the_container(of, made, text, kind, optional):
    with pytest.raises(CreateContainerConfigError) as without:
        resolve(("A", of("o", "k", optional)))
    assert str(without.value) == text
    with pytest.raises(CreateContainerConfigError) as with_it:
        resolve(("A", of("o", "k", optional)), objects=(made("o"),))
    assert str(with_it.value) == f"couldn't find key k in {kind} lab/o"


def test_only_objects_of_the_pods_namespace_count():
    elsewhere = config_map("o", k="v")
    elsewhere["metadata"]["namespace"] = "other"
    with pytest.raises(CreateContainerConfigError, match='configmap "o" not found'):
        resolve(("A", of_config_map("o", "k")), objects=(elsewhere,))


# --- envFrom


def test_env_from_takes_all_keys_with_the_prefix():
    env_from = [
        {"configMapRef": {"name": "o"}, "prefix": "P_"},
        {"secretRef": {"name": "s"}},
    ]
    objects = (config_map("o", A="1", B="2"), secret("s", C="3"))
    assert resolve(env_from=env_from, objects=objects) == {"P_A": "1", "P_B": "2", "C": "3"}


def test_the_later_env_from_counts_and_env_counts_before_both():
    env_from = [{"configMapRef": {"name": "o"}}, {"configMapRef": {"name": "p"}}]
    objects = (config_map("o", A="o", B="o", C="o"), config_map("p", B="p", C="p"))
    result = resolve(("C", literal("")), env_from=env_from, objects=objects)
    assert result == {"A": "o", "B": "p", "C": ""}


def test_a_missing_optional_key_leaves_the_value_of_env_from():
    result = resolve(
        ("A", of_config_map("p", "k", True)),
        env_from=[{"configMapRef": {"name": "o"}}],
        objects=(config_map("o", A="o"),),
    )
    assert result == {"A": "o"}


def test_a_missing_object_of_env_from_stops_the_container_unless_it_is_optional():
    with pytest.raises(CreateContainerConfigError, match='secret "s" not found'):
        resolve(env_from=[{"secretRef": {"name": "s"}}])
    assert resolve(env_from=[{"secretRef": {"name": "s", "optional": True}}]) == {}


def test_old_kubelets_leave_out_what_is_no_name():
    objects = (config_map("o", **{"A.b-c": "1", "1A": "2", "..": "3"}),)
    env_from = [{"configMapRef": {"name": "o"}}]
    assert resolve(env_from=env_from, objects=objects, old_names=True) == {"A.b-c": "1"}
    assert set(resolve(env_from=env_from, objects=objects)) == {"A.b-c", "1A", ".."}


# --- fieldRef


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "postgresql-lab-reg-0"),
        ("metadata.namespace", "lab"),
        ("metadata.uid", "2c1a"),
        ("metadata.labels['cluster-name']", "postgresql-lab-reg"),
        ("metadata.labels['absent']", ""),
        ("metadata.annotations['absent']", ""),
        ("spec.serviceAccountName", "postgres-pod"),
        ("status.podIP", "10.201.0.7"),
    ],
)
def test_fields_of_the_pod(path, value):
    assert resolve(("A", field(path))) == {"A": value}


def test_what_it_does_not_know_is_an_error():
    with pytest.raises(NotImplementedError, match="status.phase"):
        resolve(("A", field("status.phase")))
    with pytest.raises(NotImplementedError, match="resourceFieldRef"):
        resolve(("A", {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}))


# --- $(NAME)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$(A)", "a"),
        ("<$(A)$(A)>", "<aa>"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$a"),
        ("$$$$", "$$"),
        ("$(LATER)", "$(LATER)"),
        ("$(NOBODY)", "$(NOBODY)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$(A$(A))", "$(A$(A))"),
        ("$(SERVICE)", "10.96.0.1"),
        ("$(FROM)", "from"),
    ],
)
def test_references_in_a_value(text, value):
    result = resolve(
        ("A", literal("a")),
        ("B", literal(text)),
        ("LATER", literal("later")),
        env_from=[{"configMapRef": {"name": "o"}}],
        objects=(config_map("o", FROM="from"),),
        services={"SERVICE": "10.96.0.1"},
    )
    assert result["B"] == value


def test_a_reference_sees_the_value_so_far():
    result = resolve(("A", literal("1")), ("B", literal("$(A)")), ("A", literal("$(A)2")))
    assert result == {"A": "12", "B": "1"}


def test_what_a_reference_brings_is_not_expanded_again():
    objects = (config_map("o", k="$(A)"),)
    result = resolve(
        ("A", literal("a")),
        ("B", of_config_map("o", "k")),
        ("C", literal("$(B)")),
        objects=objects,
    )
    assert result["B"] == result["C"] == "$(A)"


def test_services_are_added_and_count_last():
    result = resolve(("A", literal("a")), services={"A": "service", "S": "s"})
    assert result == {"A": "a", "S": "s"}
