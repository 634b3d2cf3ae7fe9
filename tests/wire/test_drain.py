"""SIGTERM: nobody loses a request, and the process ends when it said it would."""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Callable

import pytest
import samples
from checker import check
from client import Connection, api_server_headers
from load import Load
from polling import SCALE, Stopwatch, wait_for
from process import Server

Prepare = Callable[..., Server]
BODY = samples.wire(samples.pod())


def begun(prepare: Prepare, **settings: object) -> Server:
    return prepare({"server": settings}).start()


def told_to_stop(server: Server) -> None:
    """SIGTERM, and it has noticed."""
    server.signal(signal.SIGTERM)
    wait_for("not ready", lambda: server.get("/readyz").status == 503)


def is_gone(server: Server) -> bool:
    try:
        Connection(server.ports["webhook"], None).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("round_number", range(3))
def test_under_load(prepare: Prepare, round_number: int):
    server = begun(prepare, drainDelay="1s", drainGrace="10s")
    with Load(server, clients=8) as load:
        load.more(200)
        load.leaving.set()
        server.signal(signal.SIGTERM)
        load.join()
        assert server.exit_code() == 0
    assert load.failures == []
    assert load.connections > load.clients, "nobody was asked to reconnect while draining"


def test_under_load_without_a_delay(prepare: Prepare):
    server = begun(prepare, drainDelay="0s", drainGrace="10s")
    with Load(server, clients=8) as load:
        load.more(200)
        load.leaving.set()
        server.signal(signal.SIGTERM)
        load.join()
        assert server.exit_code() == 0
    assert load.failures == []


def test_what_the_delay_looks_like(prepare: Prepare):
    """Not ready at once, alive, still serving, every answer says goodbye."""
    server = begun(prepare, drainDelay="600s")
    assert server.get("/readyz").status == 200
    with server.connect() as kept:
        assert not kept.post(samples.RESTORE, BODY).closes
        told_to_stop(server)
        assert "drain" in server.get("/readyz").text
        assert server.get("/livez").status == 200
        answer = kept.post(samples.RESTORE, BODY)
        check(samples.pod(), answer)
        assert answer.closes
        assert kept.is_closed(2.0)
    with server.connect() as late:
        answer = late.post(samples.RESTORE, BODY)
        check(samples.pod(), answer)
        assert answer.closes
    assert server.metric("harbor_pg_webhook_requests_total", code="200") >= 3
    assert server.stop() == 0


def test_the_delay_is_kept(prepare: Prepare):
    server = begun(prepare, drainDelay="2s", drainGrace="60s")
    watch = Stopwatch()
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    assert 2.0 <= watch.seconds() < 20


def test_errors_say_goodbye_too(prepare: Prepare):
    server = begun(prepare, drainDelay="600s")
    told_to_stop(server)
    for target, body in ((samples.RESTORE, b"{"), ("/nowhere", BODY)):
        with server.connect() as connection:
            answer = connection.post(target, body)
            assert answer.status in (400, 404)
            assert answer.closes
    assert server.stop() == 0


def test_an_idle_server_leaves_soon(prepare: Prepare):
    server = begun(prepare, drainDelay="0s", drainGrace="600s")
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    assert is_gone(server)


def test_a_request_under_way_is_finished(prepare: Prepare):
    """The listen socket is gone, the body comes late, the answer is whole."""
    server = begun(prepare, drainDelay="0s", drainGrace="10s")
    with server.connect() as connection:
        headers = [*api_server_headers(), ("Content-Length", str(len(BODY)))]
        connection.send(connection.head("POST", samples.RESTORE, headers) + BODY[:1000])
        server.signal(signal.SIGTERM)
        wait_for("the listen socket is gone", lambda: is_gone(server))
        assert server.process.poll() is None
        connection.send(BODY[1000:])
        answer = connection.answer()
        check(samples.pod(), answer)
        assert answer.closes
    assert server.exit_code() == 0


def test_a_client_that_waits_for_its_turn_is_served(prepare: Prepare):
    """The kernel has completed its connection, but the server is full: it is not cut off."""
    server = begun(prepare, threads=1, limits={"connections": 8}, drainGrace="20s")
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(server.connect()) for _ in range(8)]
        waiting = stack.enter_context(Connection(server.ports["webhook"], None))
        told_to_stop(server)
        others[0].close()
        waiting.secure(server.trust)
        answer = waiting.post(samples.RESTORE, BODY)
        check(samples.pod(), answer)
        assert answer.closes
    assert server.exit_code() == 0


def test_nobody_waits_in_vain(prepare: Prepare):
    """Whoever comes after the last call is told to go elsewhere, long before the grace ends."""
    server = begun(prepare, drainGrace="60s")
    with server.connect() as idle:
        told_to_stop(server)
        wait_for("the listen socket is gone", lambda: is_gone(server))
        assert idle.pump()
    assert server.exit_code() == 0


@pytest.mark.parametrize("kind", ["idle", "in a body", "in the handshake"])
def test_a_hanging_client_is_cut_after_the_grace(prepare: Prepare, kind: str):
    server = begun(prepare, drainDelay="0s", drainGrace="2s")
    with contextlib.ExitStack() as stack:
        trust = None if kind == "in the handshake" else server.trust
        hanging = stack.enter_context(Connection(server.ports["webhook"], trust))
        if kind == "in a body":
            headers = [*api_server_headers(), ("Content-Length", "1000")]
            hanging.send(hanging.head("POST", samples.RESTORE, headers) + b"{")
        with server.connect() as other:
            other.post(samples.RESTORE, BODY)
        watch = Stopwatch()
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0, server.output()
        assert 1.5 <= watch.seconds() < 10.0 * SCALE
        assert hanging.is_closed(2.0)
    assert server.log(connectionsCut=1), "a forced end is logged"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_wait(prepare: Prepare, number: signal.Signals):
    """Whoever presses twice means it; in any case the exit code says that it was in order."""
    server = begun(prepare, drainDelay="600s", drainGrace="600s")
    told_to_stop(server)
    server.signal(number)
    assert server.exit_code() == 0


def test_sigint_drains(prepare: Prepare):
    server = begun(prepare, drainDelay="0s")
    server.signal(signal.SIGINT)
    assert server.exit_code() == 0


def test_sigterm_while_starting(prepare: Prepare):
    """At whatever moment it comes, the process ends, and not by the signal."""
    for step in range(10):
        server = prepare()
        server.spawn()
        watch = Stopwatch()
        wait_for("a moment", lambda w=watch, s=step: w.seconds() >= s * 0.003)
        server.signal(signal.SIGTERM)
        code = server.exit_code()
        # Before main() has blocked the signals the kernel ends the process.
        assert code in (0, -signal.SIGTERM), server.output()


def test_sigterm_while_certificates_change(prepare: Prepare):
    server = begun(prepare, drainDelay="1s", drainGrace="5s")
    stop = threading.Event()

    def rotate() -> None:
        for _ in range(1000):
            if stop.wait(0.01):
                return
            server.renew_certificate()

    thread = threading.Thread(target=rotate)
    thread.start()
    try:
        with Load(server) as load:
            load.more(100)
            load.leaving.set()
            server.signal(signal.SIGTERM)
            load.join()
            assert server.exit_code() == 0
        assert load.failures == []
    finally:
        stop.set()
        thread.join()


def child_of(pid: int) -> int:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="a PID namespace needs root"
)
def test_as_process_1(prepare: Prepare):
    """In a container nothing is set up by default for PID 1: an unhandled SIGTERM is ignored."""
    server = prepare({"server": {"drainDelay": "0s"}})
    server.start(("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"))
    check(samples.pod(), server.post(samples.RESTORE, BODY))
    pid = child_of(server.process.pid)
    assert os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid")
    with Load(server, clients=2) as load:
        load.more(20)
        load.leaving.set()
        os.kill(pid, signal.SIGTERM)
        load.join()
    assert server.exit_code() == 0
    assert load.failures == []
