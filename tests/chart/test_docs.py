"""The values that docs/install.md shows render."""

import re

import pytest
import yaml
from chart import TESTS, manifests

INSTALL = TESTS.parent / "docs/install.md"
BLOCKS = re.findall(r"^```yaml\n# values.yaml\n(.*?)^```", INSTALL.read_text(), re.M | re.S)


def test_there_are_values() -> None:
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS)
def test_values_render(block: str) -> None:
    assert manifests(yaml.safe_load(block)) != manifests()


def test_the_user_can_be_left_to_openshift() -> None:
    values = {"securityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None}}
    assert manifests(values).pod["spec"]["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
