"""A server that takes everybody for somebody and keeps what it was asked."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EMPTY_LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@dataclass(frozen=True)
class Request:
    method: str
    target: str  # as it was on the wire
    headers: Message
    body: bytes


@dataclass
class Recorder:
    endpoint: str = ""
    requests: list[Request] = field(default_factory=list)


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """Until the end of the block: every listing is empty, no object is there, each can be made."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            recorder.requests.append(Request(self.command, self.path, self.headers, body))
            missing = self.command == "HEAD"
            content = EMPTY_LIST if "?" in self.path else b""
            self.send_response(404 if missing else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
