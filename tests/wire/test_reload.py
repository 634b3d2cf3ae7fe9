"""Configuration and certificates change under load, and no request is lost."""

import json
import signal
from collections.abc import Callable

import pytest
import samples
from checker import check
from load import Load
from pki import DAY as DAY
from pki import Authority, now, serial
from polling import wait_for
from process import CONFIG_FILE, Server

Start = Callable[..., Server]
RELOADED = "harbor_pg_webhook_config_last_reload_successful"
NEW_PROFILE = "/v1/pods/restore/dr-new"


def with_new_profile(server: Server) -> str:
    profiles = server.config["restoreProfiles"]
    added = {**server.config, "restoreProfiles": {**profiles, "dr-new": profiles["dr-2026-11"]}}
    return json.dumps(added)


def has_new_profile(server: Server) -> bool:
    return server.post(NEW_PROFILE, samples.wire(samples.pod())).status == 200


def rewrite(server: Server, text: str) -> None:
    """As some editors do it: the file goes, and comes back in two pieces."""
    path = server.config_mount.folder / CONFIG_FILE
    path.unlink()
    with path.open("w", encoding="utf-8") as file:
        file.write(text[:100])
        file.flush()
        file.write(text[100:])


def swap(server: Server, text: str) -> None:
    server.publish(text)


def hang_up(server: Server, text: str) -> None:
    rewrite(server, text)
    server.signal(signal.SIGHUP)


@pytest.mark.parametrize("change", [rewrite, swap, hang_up], ids=lambda it: it.__name__)
def test_configuration_under_load(start: Start, change: Callable[[Server, str], None]):
    server = start()
    assert not has_new_profile(server)
    with Load(server) as load:
        load.more(100)
        change(server, with_new_profile(server))
        wait_for("the new profile is known", lambda: has_new_profile(server), seconds=30)
        load.more(100)
    assert load.failures == []
    assert server.metric(RELOADED) == 1


def test_many_reloads_under_load(start: Start):
    """Every second version has the profile; none is skipped for good, none loses a request."""
    server = start()
    texts = [with_new_profile(server), json.dumps(server.config)]
    with Load(server) as load:
        for number in range(10):
            server.publish(texts[number % 2])
            server.signal(signal.SIGHUP)
            wanted = number % 2 == 0
            wait_for(f"version {number}", lambda w=wanted: has_new_profile(server) == w, 30)
        load.more(50)
    assert load.failures == []


def test_sighup_alone_reads_again(start: Start):
    server = start()
    lines = len(server.log())
    server.signal(signal.SIGHUP)
    wait_for("the reload is logged", lambda: len(server.log()) > lines)
    assert server.process.poll() is None
    assert server.metric(RELOADED) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("database: {imag: x}\n", ("database.imag", "unknown key")),
        ("{", ("line 2, column 1",)),
        ("server: [1]\n", ("server",)),
        ("server: {limits: {body: 7}}\nlog: {level: loud}\n", ("server.limits.body", "log.level")),
        ("a: 1\na: 1\n", ("a",)),
        ("\0\1\2", ()),
    ],
    ids=["key", "syntax", "type", "two", "duplicate", "binary"],
)
def test_a_bad_file_keeps_the_old_one(start: Start, text: str, words: tuple[str, ...]):
    """...and says what is wrong, with the file and the path, until it is right again."""
    server = start()
    good = with_new_profile(server)
    server.publish(good)
    wait_for("the good one is in use", lambda: has_new_profile(server), seconds=30)
    with Load(server, clients=2) as load:
        server.publish(text)
        wait_for("the metric says so", lambda: server.metric(RELOADED) == 0, seconds=30)
        load.more(20)
    assert load.failures == []
    assert has_new_profile(server)
    complaints = json.dumps(server.log(level="error") + server.log(level="warn"))
    for word in (*words, "config.yaml"):
        assert word in complaints, complaints
    server.publish(good)
    wait_for("the metric says so", lambda: server.metric(RELOADED) == 1, seconds=30)


def test_a_missing_file_keeps_the_old_one(start: Start):
    server = start()
    (server.config_mount.folder / CONFIG_FILE).unlink()
    server.signal(signal.SIGHUP)
    wait_for("the metric says so", lambda: server.metric(RELOADED) == 0, seconds=30)
    check(samples.pod(), server.post(samples.RESTORE, samples.wire(samples.pod())))


def shown_serial(server: Server) -> int:
    with server.connect() as connection:
        return serial(connection.socket.getpeercert(binary_form=True))


def test_certificates_under_load(start: Start):
    """New handshakes see the new certificate; kept connections live on."""
    server = start()
    with server.connect() as kept, Load(server) as load:
        first = serial(kept.socket.getpeercert(binary_form=True))
        serials = [first]
        for _ in range(5):
            load.more(20)
            serials.append(serial(server.renew_certificate()))
            wait_for(
                "the new certificate is shown",
                lambda: shown_serial(server) == serials[-1],
                seconds=30,
            )
        review = samples.with_uid(samples.pod())
        check(review, kept.post(samples.RESTORE, samples.wire(review)))
        assert serial(kept.socket.getpeercert(binary_form=True)) == first
    assert load.failures == []
    assert load.connections == load.clients, "a reload closed connections"


def test_handshakes_while_certificates_change(start: Start):
    """Nothing but the old and the new pair is ever shown, and never halves of both."""
    server = start()
    seen = {shown_serial(server)}
    allowed = set(seen)
    for _ in range(10):
        allowed.add(serial(server.renew_certificate()))
        newest = allowed - seen
        seen |= {shown_serial(server) for _ in range(20)}
        wait_for("the newest one", lambda new=newest: shown_serial(server) in new, seconds=30)
        seen |= newest
        assert seen <= allowed


def other_key(server: Server) -> dict[str, bytes]:
    return {**server.authority.pair(), "tls.key": server.authority.pair()["tls.key"]}


def no_pem(server: Server) -> dict[str, bytes]:
    return {"tls.crt": b"hello", "tls.key": b"hello"}


def empty(server: Server) -> dict[str, bytes]:
    return {"tls.crt": b"", "tls.key": b""}


def cut_short(server: Server) -> dict[str, bytes]:
    return {name: content[: len(content) // 2] for name, content in server.authority.pair().items()}


def expired(server: Server) -> dict[str, bytes]:
    return server.authority.pair(not_before=now() - 2 * DAY, not_after=now() - DAY)


def not_yet(server: Server) -> dict[str, bytes]:
    return server.authority.pair(not_before=now() + DAY, not_after=now() + 2 * DAY)


@pytest.mark.parametrize(
    "bad", [other_key, no_pem, empty, cut_short, expired, not_yet], ids=lambda it: it.__name__
)
def test_a_bad_certificate_keeps_the_old_one(
    start: Start, bad: Callable[[Server], dict[str, bytes]]
):
    server = start()
    first = shown_serial(server)
    complaints = len(server.log(level="error") + server.log(level="warn"))
    server.certs_mount.publish(bad(server))
    wait_for(
        "the complaint",
        lambda: len(server.log(level="error") + server.log(level="warn")) > complaints,
        seconds=30,
    )
    assert shown_serial(server) == first
    assert server.get("/readyz").status == 200
    renewed = serial(server.renew_certificate())
    wait_for("a good one is taken", lambda: shown_serial(server) == renewed, seconds=30)


def test_a_rotated_authority(start: Start, authority: Authority):
    """The pair may come from another CA: clients that trust the new one get in."""
    server = start()
    other = Authority("the next CA")
    old = shown_serial(server)
    files = other.pair()
    server.certs_mount.publish(files)
    server.ca_file.write_bytes(authority.pem + other.pem)
    del server._trust
    wait_for("the new pair", lambda: shown_serial(server) != old, seconds=30)
    assert shown_serial(server) == serial(files["tls.crt"])


def test_a_plain_folder_is_watched_too(start: Start, authority: Authority, tmp_path):
    """Without the kubelet: a tool replaces one file after the other, and only the pair counts."""

    def replace(files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (tmp_path / f"{name}.new").write_bytes(content)
            (tmp_path / f"{name}.new").rename(tmp_path / name)

    replace(authority.pair())
    files = {"certFile": str(tmp_path / "tls.crt"), "keyFile": str(tmp_path / "tls.key")}
    server = start({"tls": files})
    with Load(server, clients=2) as load:
        renewed = authority.pair()
        replace(renewed)
        wait_for(
            "the new pair",
            lambda: shown_serial(server) == serial(renewed["tls.crt"]),
            seconds=30,
        )
        load.more(20)
    assert load.failures == []
