"""The part of Patroni's REST API that the operator calls on pod IPs, all of which are ours."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8008

MEMBER = {
    "state": "running",
    "role": "master",
    "server_version": 120000,
    "pending_restart": False,
    "patroni": {"version": "2.1.4", "scope": "any"},
}


def merge(base: dict, changes: dict) -> dict:
    """As Patroni merges what is PATCHed: null removes."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


class Handler(BaseHTTPRequestHandler):
    server: "Patroni"

    @property
    def config(self) -> dict:
        return self.server.configs.get(self.pod, {"postgresql": {"parameters": {}}})

    @property
    def pod(self) -> str:
        return self.request.getsockname()[0]

    def do_GET(self) -> None:
        answers = {"/config": self.config, "/patroni": MEMBER, "/cluster": {"members": []}}
        self._answer(answers.get(self.path))

    def do_PATCH(self) -> None:
        self.server.configs[self.pod] = merge(self.config, json.loads(self._body()))
        self._answer(self.config)

    def do_POST(self) -> None:
        self._body()
        self._answer({})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, value: dict | None) -> None:
        body = json.dumps(value or {}).encode()
        self.send_response(200 if value is not None else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """The operator's log tells what it asked."""


class Patroni(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", PORT), Handler)
        self.configs: dict[str, dict] = {}  # by pod IP

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="patroni", daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
