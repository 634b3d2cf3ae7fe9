"""The scheduler of the suite: binds every pod to the node of its namespace.

The real one would wait for volumes, which nobody provides here.
"""

import threading

from api import Api, ApiError, address


class Binder:
    def __init__(self, api: Api, node: str) -> None:
        self.api = api
        self.node = node
        self.nodes: dict[str, str] = {}  # by namespace, where it is another one
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="binder", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Ends with the API server, whose watch it reads."""
        self.stopped.set()

    def _run(self) -> None:
        unbound = f"{address('pods')}?fieldSelector=spec.nodeName="
        self.api.follow(unbound, self._take, self.stopped)

    def _take(self, event: dict) -> None:
        if event["type"] == "ADDED":
            self._bind(event["object"]["metadata"])

    def _bind(self, pod: dict) -> None:
        node = self.nodes.get(pod["namespace"], self.node)
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod["name"]},
            "target": target,
        }
        path = address("pods", pod["namespace"], pod["name"]) + "/binding"
        try:
            self.api.call("POST", path, binding)
        except ApiError as error:
            if error.code not in (404, 409):  # deleted, or bound already
                raise
