"""Fixtures: helm is built once."""

import chart
import pytest
import tools


def pytest_configure(config: pytest.Config) -> None:
    try:
        tools.build(["helm"])
    except tools.NoGo as missing:
        pytest.exit(f"there is no helm, and no Go to build it: {missing}", returncode=77)


@pytest.fixture
def defaults() -> chart.Manifests:
    return chart.defaults()
