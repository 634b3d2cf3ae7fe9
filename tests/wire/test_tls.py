"""What the TLS port speaks."""

import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from checker import check
from client import SERVICE_NAME, Connection, Trust
from cryptography import x509
from polling import wait_for
from process import Server

BODY = samples.wire(samples.pod())


@pytest.mark.parametrize(
    ("version", "name"),
    [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")],
)
def test_versions(server: Server, version: ssl.TLSVersion, name: str):
    trust = Trust(str(server.ca_file), minimum=version, maximum=version)
    with server.connect(trust) as connection:
        assert connection.socket.version() == name
        check(samples.pod(), connection.post(samples.RESTORE, BODY))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(server: Server, version: ssl.TLSVersion):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        trust = Trust(str(server.ca_file), minimum=version, maximum=version)
        trust.context().set_ciphers("DEFAULT:@SECLEVEL=0")  # or the client itself would refuse
        with pytest.raises(ssl.SSLError):
            server.connect(trust)


def test_the_newest_version_is_chosen(server: Server):
    with server.connect() as connection:
        assert connection.socket.version() == "TLSv1.3"


@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES256-GCM-SHA384", "NULL-SHA256", "ADH"])
def test_weak_ciphers_are_refused(server: Server, cipher: str):
    """Without forward secrecy or without encryption: not with this key, not at all."""
    trust = Trust(str(server.ca_file), maximum=ssl.TLSVersion.TLSv1_2)
    try:
        trust.context().set_ciphers(f"{cipher}:@SECLEVEL=0")
    except ssl.SSLError:
        pytest.skip("this OpenSSL does not know it")
    with pytest.raises(ssl.SSLError):
        server.connect(trust)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [((), None), (("http/1.1",), "http/1.1"), (("h2", "http/1.1"), "http/1.1")],
)
def test_application_protocol(server: Server, offered: tuple[str, ...], chosen: str | None):
    with server.connect(Trust(str(server.ca_file), protocols=offered)) as connection:
        assert connection.socket.selected_alpn_protocol() == chosen
        check(samples.pod(), connection.post(samples.RESTORE, BODY))


@pytest.mark.parametrize("name", [SERVICE_NAME, "localhost"])
def test_names(server: Server, name: str):
    with server.connect(name=name) as connection:
        check(samples.pod(), connection.post(samples.RESTORE, BODY))


def test_a_session_may_be_resumed(server: Server):
    context = server.trust.context()
    with server.connect() as first:
        first.post(samples.RESTORE, BODY)
        session = first.socket.session
    with Connection(server.ports["webhook"], None) as second:
        second.socket = context.wrap_socket(
            second.socket, server_hostname=SERVICE_NAME, session=session
        )
        check(samples.pod(), second.post(samples.RESTORE, BODY))


def test_plain_http_on_the_tls_port(server: Server):
    with Connection(server.ports["webhook"], None) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.is_closed(5.0)
        assert b"200" not in connection.buffer


def test_tls_on_the_plain_port(server: Server):
    with pytest.raises((ssl.SSLError, OSError)):
        Connection(server.ports["plain"], server.trust)


def test_development_mode(start: Callable[..., Server], tmp_path: Path):
    """A CA in memory, written where asked, and a leaf for localhost that it has signed."""
    ca_out = tmp_path / "development-ca.crt"
    server = start({"tls": {"mode": "development", "development": {"caOut": str(ca_out)}}})
    wait_for("the CA is written", ca_out.exists)
    authority = x509.load_pem_x509_certificate(ca_out.read_bytes())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert b"PRIVATE KEY" not in ca_out.read_bytes()
    for name in ("localhost", "127.0.0.1"):
        with server.connect(Trust(str(ca_out)), name=name) as connection:
            check(samples.pod(), connection.post(samples.RESTORE, BODY))
    with pytest.raises(ssl.SSLCertVerificationError):
        server.connect(name="localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        server.connect(Trust(str(ca_out)), name="example.com")
    assert server.get("/readyz").status == 200


def test_development_mode_without_a_file(start: Callable[..., Server]):
    server = start({"tls": {"mode": "development"}})
    assert server.get("/readyz").status == 200
