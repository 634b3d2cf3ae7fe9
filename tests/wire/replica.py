"""Servers in mode managed: each with a service account, where the kubelet would mount it."""

import base64
import os
import socket
import ssl
from pathlib import Path

from client import Connection, Trust
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from pki import DAY, Authority, Mount, now
from polling import wait_for
from process import prepared

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
ROUND = 30.0  # seconds within which two looks have been taken, also after failures


class Replica:
    """A server in a mount namespace of its own; `ca` is the API server's."""

    def __init__(
        self, folder: Path, ca: bytes, place: tuple[str, int], token: str, changes: dict
    ) -> None:
        managed = {"tls": {"mode": "managed"}}
        self.server = prepared(folder, Authority("unused"), managed)
        self.server.configure(changes)
        self.host = self.server.config["server"]["listen"].rpartition(":")[0]
        self.account = Mount(folder / "account")
        self.ca = ca
        self.show(token)
        privileges = "-m" if os.geteuid() == 0 else "-rm"
        mounts = (
            f"mount -t tmpfs tmpfs /run && mkdir -p {ACCOUNT} && "
            f'mount --bind "{self.account.folder}" {ACCOUNT} && exec "$@"'
        )
        host, port = place
        self.prefix = (
            *("env", f"KUBERNETES_SERVICE_HOST={host}", f"KUBERNETES_SERVICE_PORT={port}"),
            *("unshare", privileges, "sh", "-c", mounts, "sh"),
        )

    def start(self) -> None:
        self.server.start(self.prefix)

    def end(self) -> None:
        if self.server.process and self.server.process.poll() is None:
            self.server.stop()
        self.server.kill()

    def show(self, token: str) -> None:
        """Publishes the service account as the kubelet does."""
        files = {"token": token.encode(), "ca.crt": self.ca, "namespace": b"x"}
        self.account.publish(files)

    def ready(self) -> bool:
        return self.server.get("/readyz").status == 200

    def why(self) -> str:
        return self.server.get("/readyz").text

    def wait_ready(self, seconds: float = ROUND) -> None:
        try:
            wait_for("ready", self.ready, seconds)
        except AssertionError:
            raise AssertionError(self.why() + self.server.output()) from None

    def leaf(self) -> x509.Certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        address = (self.host, self.server.ports["webhook"])
        with (
            socket.create_connection(address, 10) as plain,
            context.wrap_socket(plain) as tls,
        ):
            return x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))

    def is_signed_by(self, authority: Authority) -> bool:
        """Whether this CA's very key signed what is served."""
        try:
            self.leaf().verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))
        except InvalidSignature:
            return False
        return True

    def is_trusted_by(self, bundle: str | None, folder: Path) -> bool:
        """Whether a client with this caBundle gets through, as the API server does."""
        file = folder / "bundle.pem"
        file.write_bytes(base64.b64decode(bundle or ""))
        try:
            Connection(self.server.ports["webhook"], Trust(str(file))).close()
        except ssl.SSLError:
            return False
        return True


def key_pem(authority: Authority) -> bytes:
    return authority.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class OldAuthority(Authority):
    """A CA that is past two thirds of its life."""

    def __init__(self) -> None:
        super().__init__("harbor-pg-webhook CA")
        start = now() - 300 * DAY
        key = self.key.public_key()
        self.pem = self._signed(self.name, key, start, start + 365 * DAY, authority=True)

    def secret(self) -> dict[str, str]:
        """The data of the Secret."""
        texts = {"ca.crt": self.pem, "ca.key": key_pem(self)}
        return {name: base64.b64encode(text).decode() for name, text in texts.items()}
