"""A proxy between a client and a store that spoils the answers it is told to spoil.

with proxy.before(store.endpoint) as it:
    it.faults += [proxy.refuse(503, "SlowDown"), proxy.cut(1000)]  # of the next requests
    ... it.endpoint ...
    assert [request.target for request in it.requests] == [...]
"""

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from serving import Request, serving


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Exchange:
    """One request under way: ask() the store, say() something to the client."""

    handler: BaseHTTPRequestHandler
    upstream: str
    request: Request

    def ask(self) -> Answer:
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        with contextlib.closing(connection):
            method, target = self.request.method, self.request.target
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(self.request.body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())

    def say(self, answer: Answer, *, most: int | None = None, pause: float = 0) -> None:
        """The whole answer or only `most` bytes of its body, and then nothing any more; with a
        pause in the middle."""
        body = answer.body if most is None else answer.body[:most]
        self.handler.send_response_only(answer.status)
        head = self.request.method == "HEAD"
        own = {"connection", "transfer-encoding"} | (set() if head else {"content-length"})
        for name, value in answer.headers:
            if name.lower() not in own:
                self.handler.send_header(name, value)
        if not head:
            self.handler.send_header("Content-Length", str(len(answer.body)))
        self.handler.end_headers()
        half = len(body) // 2 if pause else 0
        self.handler.wfile.write(body[:half])
        self.handler.wfile.flush()
        time.sleep(pause)
        self.handler.wfile.write(body[half:])
        self.handler.close_connection |= most is not None


Fault = Callable[[Exchange], None]


def refuse(status: int, code: str, headers: Mapping[str, str] | None = None) -> Fault:
    """An answer of S3's own kind."""
    body = f"<Error><Code>{code}</Code><Message>said by the proxy</Message></Error>".encode()
    return instead(status, body, headers)


def instead(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Fault:
    return lambda exchange: exchange.say(Answer(status, list((headers or {}).items()), body))


def cut(after: int) -> Fault:
    """The connection breaks after so many bytes of the body."""
    return lambda exchange: exchange.say(exchange.ask(), most=after)


def slow(seconds: float) -> Fault:
    return lambda exchange: exchange.say(exchange.ask(), pause=seconds)


def hang_up(exchange: Exchange) -> None:
    """No answer at all."""
    exchange.handler.close_connection = True


def lose(exchange: Exchange) -> None:
    """The store does what it is asked, but the client never hears of it."""
    exchange.ask()
    exchange.handler.close_connection = True


def whole(exchange: Exchange) -> None:
    exchange.say(exchange.ask())


def edited(edit: Callable[[Answer], Answer]) -> Fault:
    return lambda exchange: exchange.say(edit(exchange.ask()))


@dataclass
class Proxy:
    endpoint: str = ""
    faults: list[Fault] = field(default_factory=list)  # of the next requests, one each
    always: Fault = whole  # of all after them
    requests: list[Request] = field(default_factory=list)


@contextlib.contextmanager
def before(endpoint: str) -> Iterator[Proxy]:
    """In front of the server at `endpoint`, until the end of the block."""
    proxy = Proxy()

    def exchange(handler: BaseHTTPRequestHandler, request: Request) -> None:
        proxy.requests.append(request)
        fault = proxy.faults.pop(0) if proxy.faults else proxy.always
        fault(Exchange(handler, urlsplit(endpoint).netloc, request))

    with serving(exchange) as proxy.endpoint:
        yield proxy
