"""The CRD of `postgresqls`, changed while the API server runs."""

import copy

from api import INTERVAL, Api, ApiError, address
from harbor import OLD_LOCALES, harbors_resource
from polling import wait_for

NAME = "postgresqls.acid.zalan.do"


class PostgresqlCrd:
    """Swaps its schemas, one for each version that it serves."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.today = [entry["schema"] for entry in self._get()["spec"]["versions"]]
        self.probe = harbors_resource(namespace)
        self.probe["metadata"] = {"name": "acid-probe"}
        self.probe["spec"].update(teamId="acid", env=[OLD_LOCALES])
        self.path = f"{address('postgresqls', namespace)}?dryRun=All"

    def before_1_8(self) -> list[dict]:
        """As operators had it that did not know spec.env."""
        schemas = copy.deepcopy(self.today)
        for schema in schemas:
            del schema["openAPIV3Schema"]["properties"]["spec"]["properties"]["env"]
        return schemas

    def serve(self, schemas: list[dict], answer: str) -> None:
        """Puts the schemas in place; returns once the API server answers a PostgreSQL 12 with
        spec.env so: kept, pruned or refused."""
        crd = self._get()
        for entry, schema in zip(crd["spec"]["versions"], schemas, strict=True):
            entry["schema"] = schema
        self.api.replace("customresourcedefinitions", crd)
        wait_for(f"spec.env is {answer}", lambda: self._answer() == answer, 30, INTERVAL)

    def _get(self) -> dict:
        return self.api.get("customresourcedefinitions", None, NAME)

    def _answer(self) -> str:
        try:
            stored = self.api.call("POST", self.path, self.probe)
        except ApiError as error:
            assert error.code == 422, error
            return "refused"
        return "kept" if "env" in stored["spec"] else "pruned"
