"""A small HTTP server of the tests: one function answers everything."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    method: str
    target: str  # as it was on the wire
    headers: Message
    body: bytes


@contextlib.contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler, Request], None]) -> Iterator[str]:
    """Until the end of the block; gives the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def read(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self, Request(self.command, self.path, self.headers, body))

        do_GET = do_HEAD = do_PUT = do_POST = read

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
