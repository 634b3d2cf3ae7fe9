"""values.yaml, its schema, the README and the binary's own reference say the same.

UPDATE_DOCS=1 writes what is made from values.yaml.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import reference
import yaml
from chart import TESTS

CONFIGURATION = TESTS.parent / "docs/configuration.md"


@pytest.mark.parametrize("name", ["readme", "schema"])
def test_what_is_made_from_values_yaml_is_up_to_date(name: str) -> None:
    path: Path = getattr(reference, name.upper())
    wanted = getattr(reference, name)()
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(wanted)
    assert path.read_text() == wanted, "UPDATE_DOCS=1 pytest tests/chart writes it"


def schema_leaves(node: dict, tree: dict, path: str = "") -> Iterator[tuple[str, dict, str]]:
    """Path, schema and description of every property; $ref is followed."""
    for key, child in node.get("properties", {}).items():
        place = f"{path}.{key}" if path else key
        text = child.get("description", "")
        if "$ref" in child:
            child = tree["definitions"][child["$ref"].rpartition("/")[2]]
        yield place, child, text or child.get("description", "")
        yield from schema_leaves(child, tree, place)
        extra = child.get("additionalProperties")
        if isinstance(extra, dict) and "$ref" in extra:
            extra = tree["definitions"][extra["$ref"].rpartition("/")[2]]
            yield from schema_leaves(extra, tree, f"{place}.<name>")


@pytest.fixture(scope="module")
def schema() -> dict:
    return json.loads(reference.SCHEMA.read_text())


def test_every_property_of_the_schema_is_described(schema: dict) -> None:
    assert [path for path, _, text in schema_leaves(schema, schema) if len(text) < 8] == []


def test_the_schema_closes_every_mapping_of_ours(schema: dict) -> None:
    open_ones = [
        path
        for path, node, _ in schema_leaves(schema, schema)
        if "properties" in node and "additionalProperties" not in node
    ]
    assert open_ones == []
    assert schema["additionalProperties"] is False


def test_the_schema_and_values_yaml_have_the_same_keys(schema: dict) -> None:
    def compare(values: dict, node: dict, path: str) -> None:
        assert set(values) == set(node["properties"]) - {"global"}, path
        for key, value in values.items():
            child = node["properties"][key]
            if isinstance(value, dict) and value and "properties" in child:
                compare(value, child, f"{path}.{key}")

    compare(yaml.safe_load(reference.VALUES.read_text()), schema, "")


def documented() -> dict[str, str]:
    """Key and default of the binary's own reference, which is made from its tables."""
    rows = re.findall(r"^\| `([\w.<>]+)` \| .*? \| (.*?) \|", CONFIGURATION.read_text(), re.M)
    return {key: default.strip("`") for key, default in rows}


def test_the_schema_takes_the_profiles_that_the_binary_takes(schema: dict) -> None:
    sections = ("restoreProfiles", "backupProfiles")
    wanted = {key for key in documented() if key.startswith(sections)}
    leaves = {
        path
        for path, node, _ in schema_leaves(schema, schema)
        if path.startswith(sections) and "properties" not in node and path not in sections
    }
    assert leaves == wanted


@pytest.mark.parametrize("section", ["database", "server", "log"])
def test_defaults_are_those_of_the_binary(section: str) -> None:
    values = yaml.safe_load(reference.VALUES.read_text())
    for key, default in documented().items():
        if not key.startswith(f"{section}.") or "isten" in key:
            continue
        value = values
        for part in key.split("."):
            value = value[part]
        assert value == yaml.safe_load(default), key
