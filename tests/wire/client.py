"""A small HTTP/1.1 client on raw sockets: what goes over the wire is exactly what a test says."""

import contextlib
import json
import select
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from polling import SCALE, Stopwatch

ANSWER_MAX = 16 * 1024 * 1024
SECONDS = 20.0
SERVICE_NAME = "harbor-pg-webhook.harbor-pg-webhook.svc"


@dataclass
class Answer:
    """One HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"header {name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def closes(self) -> bool:
        return (self.header("Connection") or "").lower() == "close"

    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass(frozen=True)
class Trust:
    """What a client believes and shows."""

    ca_file: str | None
    cert_file: str | None = None
    key_file: str | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    protocols: tuple[str, ...] = ()
    contexts: dict = field(default_factory=dict, compare=False, repr=False)

    def context(self) -> ssl.SSLContext:
        if "it" not in self.contexts:
            context = ssl.create_default_context(cafile=self.ca_file)
            context.minimum_version = self.minimum
            context.maximum_version = self.maximum
            if self.protocols:
                context.set_alpn_protocols(list(self.protocols))
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
            self.contexts["it"] = context
        return self.contexts["it"]


class Connection:
    """One connection to the server, TLS when `trust` is given. Use it in a `with`."""

    def __init__(
        self,
        port: int,
        trust: Trust | None,
        *,
        name: str = SERVICE_NAME,
        seconds: float = SECONDS,
    ) -> None:
        self.name = name
        self.buffer = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds * SCALE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if trust:
            try:
                self.secure(trust)
            except BaseException:
                self.socket.close()
                raise

    def secure(self, trust: Trust) -> None:
        """The TLS handshake."""
        self.socket = trust.context().wrap_socket(self.socket, server_hostname=self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def cut(self) -> None:
        """Ends the connection with a TCP reset, as a crashed peer's kernel does."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.name}:443"]
        lines += [f"{key}: {value}" for key, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        headers = list(headers)
        if body is not None:
            headers.append(("Content-Length", str(len(body))))
        self.send(self.head(method, target, headers) + (body or b""))
        return self.answer(head_only=method == "HEAD")

    def post(self, target: str, body: bytes, content_type: str = "application/json") -> Answer:
        """A POST with the headers that the API server sends (wire-contract 1.1)."""
        return self.request("POST", target, body, api_server_headers(content_type))

    def get(self, target: str) -> Answer:
        return self.request("GET", target)

    def answer(self, *, head_only: bool = False) -> Answer:
        """Reads one final response; interim ones (100) are passed over."""
        for _ in range(3):
            answer = self._one_answer(head_only=head_only)
            if answer.status >= 200:
                return answer
        raise AssertionError("the server sends interim answers only")

    def _one_answer(self, *, head_only: bool) -> Answer:
        while b"\r\n\r\n" not in self.buffer:
            self._more("the end of the headers")
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = first.split(" ", 2)
        assert version == "HTTP/1.1", first
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        answer = Answer(int(status), headers)
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return answer
        length = answer.header("Content-Length")
        assert length is not None, f"an answer without Content-Length: {first} {headers}"
        while len(self.buffer) < int(length):
            self._more(f"{length} bytes of body")
        answer.body, self.buffer = self.buffer[: int(length)], self.buffer[int(length) :]
        return answer

    def _more(self, what: str) -> None:
        assert len(self.buffer) < ANSWER_MAX
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed by the server before {what}; got {self.buffer[:200]!r}")
        self.buffer += data

    def pump(self, seconds: float = 0.0) -> bool:
        """Takes what has arrived, waiting at most `seconds` for it; False when the peer closed.

        A TLS socket is readable when only a session ticket came: so it is asked, not believed."""
        if not (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            select.select([self.socket], [], [], seconds)
        timeout = self.socket.gettimeout()
        self.socket.setblocking(False)
        try:
            data = self.socket.recv(65536)
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        except (ssl.SSLError, OSError):
            return False
        finally:
            self.socket.settimeout(timeout)
        self.buffer += data
        return bool(data)

    def is_closed(self, seconds: float) -> bool:
        """Whether the server ends the connection within the time; answers stay in `buffer`."""
        watch = Stopwatch()
        while watch.seconds() < seconds * SCALE:
            if not self.pump(0.05):
                return True
        return False

    def send_until_answered(self, pieces: Iterable[bytes]) -> int:
        """Sends piece by piece until the server says something or hangs up, as Go's client does.
        Returns the number of bytes sent."""
        sent = 0
        for piece in pieces:
            if not self.pump() or self.buffer:
                break
            try:
                self.send(piece)
            except OSError:
                break
            sent += len(piece)
        return sent


def api_server_headers(content_type: str = "application/json") -> list[tuple[str, str]]:
    return [
        ("User-Agent", "kube-apiserver-admission"),
        ("Accept", "application/json, */*"),
        ("Content-Type", content_type),
        ("Accept-Encoding", "gzip"),
    ]


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; of no data: the last one."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def once(connect: Callable[[], Connection], act: Callable[[Connection], Answer]) -> Answer:
    """One request on a connection of its own."""
    with contextlib.closing(connect()) as connection:
        return act(connection)
