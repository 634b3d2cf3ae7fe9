"""Certificates, and folders that change as the kubelet changes a mounted Secret or ConfigMap."""

import datetime
import ipaddress
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from client import SERVICE_NAME
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Authority:
    """A CA that lives in memory."""

    def __init__(self, name: str, age: datetime.timedelta = DAY) -> None:
        self.name = _name(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._signed(
            self.name, self.key.public_key(), now() - age, now() + 30 * DAY, authority=True
        )

    def pair(
        self,
        *,
        common_name: str = SERVICE_NAME,
        names: Sequence[str] = (SERVICE_NAME, "localhost"),
        not_before: datetime.datetime | None = None,
        not_after: datetime.datetime | None = None,
    ) -> dict[str, bytes]:
        """A certificate (for servers and clients alike) and its key, as files of a Secret."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(
            _name(common_name),
            key.public_key(),
            not_before or now() - DAY,
            not_after or now() + DAY,
            authority=False,
            names=names,
        )
        return {"tls.crt": certificate, "tls.key": _key_pem(key)}

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        not_before: datetime.datetime,
        not_after: datetime.datetime,
        *,
        authority: bool,
        names: Sequence[str] = (),
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        )
        if authority:
            usage = dict.fromkeys(
                (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            )
            builder = builder.add_extension(
                x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), True
            )
        else:
            uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), False)
            builder = builder.add_extension(
                x509.SubjectAlternativeName(map(_general_name, names)), False
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def serial(certificate: bytes) -> int:
    """The serial number of a certificate in PEM or DER."""
    load = (
        x509.load_pem_x509_certificate
        if certificate.startswith(b"-----")
        else x509.load_der_x509_certificate
    )
    return load(certificate).serial_number


def not_after(certificate: bytes) -> float:
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc.timestamp()


class Mount:
    """A folder as the kubelet mounts it: name -> ..data/name, ..data -> a folder of this version,
    and a new version is one rename of ..data (kubernetes AtomicWriter)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions = itertools.count()
        folder.mkdir(parents=True, exist_ok=True)

    def publish(self, files: dict[str, bytes]) -> None:
        version = f"..2026_11_22_12_00_00.{next(self.versions):09d}"
        (self.folder / version).mkdir()
        for name, content in files.items():
            (self.folder / version / name).write_bytes(content)
        data = self.folder / "..data"
        old = os.readlink(data) if data.is_symlink() else None
        (self.folder / "..data_tmp").symlink_to(version)
        (self.folder / "..data_tmp").rename(data)
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if old:
            for file in (self.folder / old).iterdir():
                file.unlink()
            (self.folder / old).rmdir()

    def path(self, name: str) -> str:
        return str(self.folder / name)
