"""The real helm, for one release of the chart."""

import json
import subprocess

import helpers
import tools
from plane import Plane

CHART = helpers.TESTS.parent / "charts/harbor-pg-webhook"


class Helm:
    def __init__(self, plane: Plane, release: str, namespace: str) -> None:
        self.release = release
        self.folder = plane.folder
        self.common = ("--namespace", namespace, "--kubeconfig", plane.kubeconfig)

    def __call__(self, command: str, *words: object, values: dict | None = None) -> str:
        """Runs a command on the release; with values, on the chart too."""
        if values is not None:
            words = (*words, CHART, "--values", "-")
        done = subprocess.run(
            [
                str(word)
                for word in (tools.path("helm"), command, self.release, *words, *self.common)
            ],
            input=json.dumps(values),
            env={"HOME": str(self.folder)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
