"""clientCAFile: only the API server's own certificate opens the door, and it may change."""

from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from checker import check, check_error
from client import Answer, Trust, once
from pki import DAY, Authority, Mount, now
from polling import wait_for
from process import Server

Start = Callable[..., Server]
BODY = samples.wire(samples.pod())


class Callers:
    """The CA of the callers, mounted, and the certificates that tests call with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority("callers CA")
        self.mount = Mount(folder / "callers")
        self.mount.publish({"ca.crt": self.authority.pem})
        self.count = 0

    def trust(self, server: Server, files: dict[str, bytes]) -> Trust:
        self.count += 1
        cert, key = (self.folder / f"caller-{self.count}.{end}" for end in ("crt", "key"))
        cert.write_bytes(files["tls.crt"])
        key.write_bytes(files["tls.key"])
        return Trust(str(server.ca_file), str(cert), str(key))


@pytest.fixture
def callers(tmp_path: Path) -> Callers:
    return Callers(tmp_path)


@pytest.fixture
def locked(start: Start, callers: Callers) -> Server:
    return start({"tls": {"clientCAFile": callers.mount.path("ca.crt")}})


def ask(server: Server, trust: Trust | None = None) -> Answer:
    return once(lambda: server.connect(trust), lambda c: c.post(samples.RESTORE, BODY))


def test_nobody(locked: Server):
    check_error(ask(locked), 401, "certificate")


def test_the_right_one(locked: Server, callers: Callers):
    trust = callers.trust(locked, callers.authority.pair(common_name="kube-apiserver"))
    with locked.connect(trust) as connection:
        for _ in range(50):
            review = samples.with_uid(samples.pod())
            check(review, connection.post(samples.RESTORE, samples.wire(review)))


@pytest.mark.parametrize(
    "make",
    [
        lambda callers: Authority("another CA").pair(),
        lambda callers: Authority("callers CA").pair(),
        lambda callers: callers.authority.pair(not_before=now() - 2 * DAY, not_after=now() - DAY),
        lambda callers: callers.authority.pair(not_before=now() + DAY, not_after=now() + 2 * DAY),
    ],
    ids=["another CA", "another CA of the same name", "expired", "not yet valid"],
)
def test_wrong_ones(locked: Server, callers: Callers, make: Callable[[Callers], dict[str, bytes]]):
    check_error(ask(locked, callers.trust(locked, make(callers))), 403, "certificate")


def test_nothing_is_told_before_the_door(locked: Server):
    """Whoever has no certificate learns neither profiles nor paths nor what is wrong."""
    for target, body in (
        ("/v1/pods/restore/nothing", BODY),
        ("/nowhere", BODY),
        (samples.RESTORE, b"{"),
    ):
        answer = locked.post(target, body)
        assert answer.status == 401, answer
        assert "dr-2026-11" not in answer.text


def test_the_plain_port_needs_none(locked: Server):
    assert locked.get("/livez").status == 200
    assert locked.get("/readyz").status == 200


def test_the_callers_authority_rotates(locked: Server, callers: Callers):
    """Both CAs while it rotates, then only the new one; requests of good callers never fail."""
    old = callers.trust(locked, callers.authority.pair())
    other = Authority("next callers CA")
    new = callers.trust(locked, other.pair())
    check(samples.pod(), ask(locked, old))
    assert ask(locked, new).status == 403
    callers.mount.publish({"ca.crt": callers.authority.pem + other.pem})
    wait_for("the new one may come", lambda: ask(locked, new).status == 200, seconds=30)
    check(samples.pod(), ask(locked, old))
    callers.mount.publish({"ca.crt": other.pem})
    wait_for("the old one may not", lambda: ask(locked, old).status == 403, seconds=30)
    check(samples.pod(), ask(locked, new))


def test_a_bad_authority_keeps_the_old_one(locked: Server, callers: Callers):
    trust = callers.trust(locked, callers.authority.pair())
    before = len(locked.log(level="error") + locked.log(level="warn"))
    callers.mount.publish({"ca.crt": b"nothing of the kind"})
    wait_for(
        "the complaint",
        lambda: len(locked.log(level="error") + locked.log(level="warn")) > before,
        seconds=30,
    )
    check(samples.pod(), ask(locked, trust))
    check_error(ask(locked), 401)
