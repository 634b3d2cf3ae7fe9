"""Memory, connections and patience are bounded, and whoever behaves is still served."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
import samples
from checker import check, check_error
from client import Connection, api_server_headers, chunk
from polling import SLOW, Stopwatch, wait_for
from process import Server

MIB = 1024 * 1024
BODY_MAX = 7 * MIB
PIECE = 64 * 1024
# Under sanitizers memory is not judged, only what happens.
CLIENTS = 40 if SLOW else 200
RSS_MAX = 128 * MIB

Start = Callable[..., Server]


def ask(server: Server) -> None:
    """One whole request of a client that behaves."""
    review = samples.with_uid(samples.pod())
    check(review, server.post(samples.RESTORE, samples.wire(review)))


def begin(connection: Connection, *headers: tuple[str, str]) -> None:
    connection.send(connection.head("POST", samples.POSTGRESQLS, [*api_server_headers(), *headers]))


class SlowClient:
    """Sends 7 MiB but for the last byte and then waits, or is turned away."""

    def __init__(self, server: Server, body: bytes, *, chunked: bool) -> None:
        self.server, self.body, self.chunked = server, body, chunked
        self.thread = threading.Thread(target=self._run)
        self.holds = threading.Event()
        self.refusal = None
        self.problem: str | None = None
        self.connection: Connection | None = None
        self.thread.start()

    def _run(self) -> None:
        try:
            self.connection = self.server.connect(seconds=60)
            length = ("Content-Length", str(len(self.body)))
            begin(self.connection, ("Transfer-Encoding", "chunked") if self.chunked else length)
            most = self.body[:-1]
            pieces = (most[at : at + PIECE] for at in range(0, len(most), PIECE))
            self.connection.send_until_answered(map(chunk, pieces) if self.chunked else pieces)
            self.holds.set()
            # A refusal of a chunked body may have to wait for its end (libmicrohttpd queues no
            # answer inside an upload), so only what has been said by now is read here.
            if not self.connection.pump() or self.connection.buffer:
                self.refusal = self.connection.answer()
        except (OSError, AssertionError) as error:
            self.problem = repr(error)
        finally:
            self.holds.set()

    def finish(self) -> None:
        """Sends the last byte and reads the answer."""
        end = chunk(self.body[-1:]) + chunk(b"") if self.chunked else self.body[-1:]
        if not self.refusal:
            self.connection.send_until_answered([end])
            self.refusal = self.connection.answer()


@contextlib.contextmanager
def slow_clients(server: Server, *, chunked: bool) -> Iterator[list[SlowClient]]:
    body = samples.padded(samples.postgresql(), BODY_MAX)
    clients = [SlowClient(server, body, chunked=chunked) for _ in range(CLIENTS)]
    try:
        for client in clients:
            assert client.holds.wait(120)
        yield clients
    finally:
        for client in clients:
            client.thread.join(120)
            if client.connection:
                client.connection.close()


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_bodies_in_flight_are_bounded(start: Start, *, chunked: bool):
    """200 slow clients with 7 MiB each: some fit into 64 MiB, the rest is sent away to try again;
    memory stays below 128 MiB, and small requests of others are served meanwhile or told 503."""
    server = start()
    with slow_clients(server, chunked=chunked) as clients:
        if not SLOW:
            assert server.peak_rss() < RSS_MAX, f"{server.peak_rss() / MIB:.0f} MiB"
        assert server.get("/livez").status == 200
        assert not [client.problem for client in clients if client.problem]
        for client in clients:
            client.finish()
        refused = [client.refusal for client in clients if client.refusal.status == 503]
        served = [client.refusal for client in clients if client.refusal.status == 200]
        assert len(refused) + len(served) == CLIENTS
        assert 1 <= len(served) <= 64 // 7 + 1
        for answer in refused:
            check_error(answer, 503)
            assert answer.header("Retry-After") == "1"
            assert answer.closes
        for answer in served:
            check(samples.postgresql(), answer)
    if not SLOW:
        assert server.peak_rss() < RSS_MAX, f"{server.peak_rss() / MIB:.0f} MiB"
    ask(server)


def test_the_budget_comes_back(start: Start):
    """Whatever ends a request, its share of inFlightBytes is free again."""
    server = start({"server": {"limits": {"inFlightBytes": "8MiB", "body": "7MiB"}}})
    body = samples.padded(samples.postgresql(), BODY_MAX)
    for _ in range(4):
        check(samples.postgresql(), server.post(samples.POSTGRESQLS, body))
    for _ in range(4):
        with server.connect() as connection:
            begin(connection, ("Content-Length", str(len(body))))
            connection.send(body[: 5 * MIB])
            connection.cut()
    for _ in range(4):
        check_error(server.post(samples.POSTGRESQLS, b"x" * BODY_MAX), 400)

    def served() -> bool:
        answer = server.post(samples.POSTGRESQLS, body)
        return answer.status == 200

    wait_for("a whole body fits again", served)


def test_connections_are_bounded(start: Start):
    """At the limit a further client waits, or is turned away, until another one leaves."""
    server = start({"server": {"threads": 1, "limits": {"connections": 8}}})
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(server.connect()) for _ in range(8)]
        for connection in kept:
            review = samples.with_uid(samples.pod())
            check(review, connection.post(samples.RESTORE, samples.wire(review)))
        with pytest.raises(OSError):
            server.connect(seconds=0.5)
        for connection in kept:
            review = samples.with_uid(samples.pod())
            check(review, connection.post(samples.RESTORE, samples.wire(review)))
        assert server.get("/livez").status == 200
    ask(server)


def test_idle_connections_are_closed(start: Start):
    server = start({"server": {"limits": {"idle": "4s"}}})
    body = samples.wire(samples.pod())
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server.connect()) for _ in range(6)]
        check(samples.pod(), silent[1].post(samples.RESTORE, body))
        silent[2].send(b"POST /v1/post")
        begin(silent[3], ("Content-Length", str(len(body))))
        begin(silent[4], ("Content-Length", str(len(body))))
        silent[4].send(body[:1000])
        begin(silent[5], ("Transfer-Encoding", "chunked"))
        silent[5].send(chunk(body[:1000]))
        raw = stack.enter_context(Connection(server.ports["webhook"], None))
        watch = Stopwatch()
        for number, connection in enumerate([*silent, raw]):
            assert connection.is_closed(30), f"connection {number} is still open"
        assert watch.seconds() >= 3
    ask(server)


def test_a_connection_in_use_is_not_idle(start: Start):
    """Kept connections live as long as something comes before the idle time is over."""
    server = start({"server": {"limits": {"idle": "5s"}}})
    watch = Stopwatch()
    with server.connect() as connection:
        while watch.seconds() < 7:
            review = samples.with_uid(samples.pod())
            check(review, connection.post(samples.RESTORE, samples.wire(review)))
            assert connection.pump(0.5)


def test_dripping_clients_harm_nobody(start: Start):
    """A byte now and then keeps a connection; others are served as quickly as before."""
    server = start({"server": {"limits": {"idle": "30s"}}})
    review = samples.postgresql()
    body = samples.wire(review)
    with contextlib.ExitStack() as stack:
        drippers = [stack.enter_context(server.connect()) for _ in range(50)]
        for connection in drippers:
            begin(connection, ("Content-Length", str(len(body))))
        for at in range(20):
            for connection in drippers:
                connection.send(body[at : at + 1])
            watch = Stopwatch()
            ask(server)
            assert watch.seconds() < (10 if SLOW else 5)
        for connection in drippers:
            connection.send(body[20:])
            check(review, connection.answer())


def in_tcp(server: Server) -> None:
    Connection(server.ports["webhook"], None).cut()


def in_tls(server: Server) -> None:
    connection = Connection(server.ports["webhook"], None)
    connection.send(b"\x16\x03\x01\x02\x00\x01\x00")
    connection.cut()


def after_handshake(server: Server) -> None:
    server.connect().cut()


def in_headers(server: Server) -> None:
    connection = server.connect()
    connection.send(b"POST /v1/postgresqls HTTP/1.1\r\nHost: x\r\nConte")
    connection.cut()


def before_body(server: Server) -> None:
    connection = server.connect()
    begin(connection, ("Content-Length", "100000"))
    connection.cut()


def in_body(server: Server) -> None:
    connection = server.connect()
    begin(connection, ("Content-Length", "1000000"))
    connection.send(b" " * 500_000)
    connection.cut()


def in_chunk(server: Server) -> None:
    connection = server.connect()
    begin(connection, ("Transfer-Encoding", "chunked"))
    connection.send(chunk(b" " * 100_000) + b"ffff\r\nxx")
    connection.cut()


def before_answer(server: Server) -> None:
    connection = server.connect()
    body = samples.wire(samples.pod())
    begin(connection, ("Content-Length", str(len(body))))
    connection.send(body)
    connection.cut()


def in_answer(server: Server) -> None:
    """Leaves with answers under way: many requests at once, nothing read."""
    connection = server.connect()
    body = samples.wire(samples.pod())
    for _ in range(20):
        begin(connection, ("Content-Length", str(len(body))))
        connection.send(body)
    connection.cut()


def orderly_in_body(server: Server) -> None:
    with server.connect() as connection:
        begin(connection, ("Content-Length", "1000000"))
        connection.send(b" " * 100_000)


def on_the_plain_port(server: Server) -> None:
    connection = server.connect_plain()
    connection.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.cut()


PHASES = [
    in_tcp,
    in_tls,
    after_handshake,
    in_headers,
    before_body,
    in_body,
    in_chunk,
    before_answer,
    in_answer,
    orderly_in_body,
    on_the_plain_port,
]


def test_cut_off_clients_leave_nothing_behind(start: Start):
    server = start()
    ask(server)
    server.get("/metrics")
    before = wait_for("quiet", server.fds)
    for _ in range(10):
        for phase in PHASES:
            phase(server)
    ask(server)
    assert server.get("/readyz").status == 200
    wait_for(f"{before} open files again", lambda: server.fds() <= before, seconds=30)
    level = {line.get("level") for line in server.log()}
    assert "error" not in level


@pytest.mark.skipif(SLOW, reason="a sanitizer keeps what is freed")
def test_memory_does_not_grow(start: Start):
    server = start()

    def requests(count: int) -> None:
        with server.connect() as connection:
            for _ in range(count):
                review = samples.with_uid(samples.pod())
                check(review, connection.post(samples.RESTORE, samples.wire(review)))
        for _ in range(count // 20):
            ask(server)

    requests(500)
    before = server.rss()
    requests(2000)
    assert server.rss() < before + 2 * MIB
