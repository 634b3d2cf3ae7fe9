"""A stand-in for the API server, for error paths only: three objects over HTTPS, and faults on
demand. What the real one does is tested in tests/cluster."""

import base64
import contextlib
import copy
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pki import Authority

NAMESPACE = "harbor-pg-webhook"
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/harbor-pg-webhook-ca"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{ADMISSION}/mutatingwebhookconfigurations/harbor-pg-webhook"
VALIDATING = f"{ADMISSION}/validatingwebhookconfigurations/harbor-pg-webhook"
TOKEN = "first-token"


@dataclass
class Fault:
    """An answer in place of the right one; `content` None hangs until the fake is closed."""

    status: int
    content: bytes | None = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    method: str
    path: str
    token: str
    agent: str
    body: object
    dry: bool = False  # only tried


def entry(name: str, service: str = "harbor-pg-webhook") -> dict:
    path = {"namespace": NAMESPACE, "name": service, "path": "/v1/postgresqls"}
    return {"name": name, "clientConfig": {"service": path}, "failurePolicy": "Fail"}


def configuration(*entries: dict) -> dict:
    return {"metadata": {"name": "harbor-pg-webhook"}, "webhooks": list(entries)}


def status_body(code: int, message: str) -> bytes:
    return json.dumps({"kind": "Status", "code": code, "message": message}).encode()


class FakeApi:
    """Objects by path; every write raises metadata.resourceVersion."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.version = 100
        self.objects: dict[str, dict] = {}
        self.calls: list[Call] = []
        self.tokens = {TOKEN}
        self.fault: Callable[[Call], Fault | None] = lambda call: None
        self.put(SECRET, {"metadata": {"name": "harbor-pg-webhook-ca"}, "type": "Opaque"})
        self.put(MUTATING, configuration(entry("a.x"), entry("b.x"), entry("c.x", "other")))
        self.put(VALIDATING, configuration(entry("d.x")))
        self._serve(authority, folder)

    def _serve(self, authority: Authority, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pair = authority.pair(common_name="kubernetes")
        for name, content in pair.items():
            (folder / name).write_bytes(content)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # --- what a person or a test does to the objects

    def put(self, path: str, content: dict) -> None:
        with self.lock:
            self.version += 1
            content["metadata"]["resourceVersion"] = str(self.version)
            self.objects[path] = content

    def get(self, path: str) -> dict:
        with self.lock:
            return copy.deepcopy(self.objects[path])

    def bundles(self, path: str) -> list[str | None]:
        return [it["clientConfig"].get("caBundle") for it in self.get(path)["webhooks"]]

    def set_bundle(self, path: str, index: int, bundle: str) -> None:
        with self.lock:
            changed = self.get(path)
            changed["webhooks"][index]["clientConfig"]["caBundle"] = bundle
            self.put(path, changed)

    def secret(self, key: str) -> bytes:
        return base64.b64decode(self.get(SECRET).get("data", {}).get(key, ""))

    def made(self, method: str, path: str) -> list[Call]:
        with self.lock:
            return [it for it in self.calls if (it.method, it.path) == (method, path)]

    # --- what it answers

    def answer(self, call: Call) -> Fault:
        with self.lock:
            self.calls.append(call)
            fault = self.fault(call)
            if fault:
                return fault
            if call.token not in self.tokens:
                return Fault(401, status_body(401, "Unauthorized"))
            if call.path not in self.objects:
                return Fault(404, status_body(404, "not found"))
            return getattr(self, "_" + call.method.lower())(call)

    def _get(self, call: Call) -> Fault:
        return Fault(200, json.dumps(self.objects[call.path]).encode())

    def _put(self, call: Call) -> Fault:
        old = self.objects[call.path]["metadata"]["resourceVersion"]
        if call.body["metadata"].get("resourceVersion") != old:
            return Fault(409, status_body(409, "the object has been modified"))
        self.put(call.path, call.body)
        return self._get(call)

    def _patch(self, call: Call) -> Fault:
        changed = self.get(call.path)
        for operation in call.body:
            *parents, last = operation["path"].lstrip("/").split("/")
            place = changed
            for step in parents:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if operation["op"] == "test" and place.get(last) != operation["value"]:
                return Fault(422, status_body(422, "testing value failed"))
            if operation["op"] == "add":
                place[last] = operation["value"]
        self.put(call.path, changed)
        return self._get(call)


def handler_of(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one piece: else each answer waits 40 ms for an ACK

        def setup(self) -> None:
            self.request.do_handshake()
            super().setup()

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                super().handle()

        def log_message(self, *_: object) -> None:
            pass

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            agent = self.headers.get("User-Agent", "")
            content = json.loads(body) if body else None
            answer = api.answer(Call(self.command, self.path, token, agent, content))
            if answer.content is None:
                api.closing.wait(60)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_PUT = do_PATCH = do_POST = _any  # noqa: N815

    return Handler


@contextlib.contextmanager
def fake_api(folder: Path, authority: Authority) -> Iterator[FakeApi]:
    api = FakeApi(authority, folder)
    try:
        yield api
    finally:
        api.close()
