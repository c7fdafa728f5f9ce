"""A certificate with its private key, from a PEM or PFX file, for an app that signs in on its own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from toolkit.errors import SignInFailed
from toolkit.tenant.secret import Secret

PASSPHRASE_VARIABLE = "TOOLKIT_CERTIFICATE_PASSPHRASE"  # noqa: S105 the variable's name
_PFX = (".pfx", ".p12")
_LARGEST = 1_000_000


def credential(file: Path, passphrase: Callable[[], Secret], now: datetime) -> dict[str, Any]:
    """The certificate of a file as MSAL takes it. `passphrase` is asked only if the file is protected.

    Raises:
        SignInFailed: no such file, neither PEM nor PFX, no key or no certificate in it, wrong passphrase, run out,
            or a key that belongs to another certificate.
    """
    data = _bytes(file)
    key, certificate = (
        _from_pfx(file, data, passphrase) if file.suffix.lower() in _PFX else _from_pem(file, data, passphrase)
    )
    if key.public_key() != certificate.public_key():
        raise SignInFailed(f"The private key in {file.name} does not belong to the certificate in it.")
    if certificate.not_valid_after_utc < now:
        raise SignInFailed(
            f"The certificate in {file.name} ran out on {certificate.not_valid_after_utc:%Y-%m-%d}: make a new one and "
            f"upload its public part to the application's registration."
        )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"private_key": private, "public_certificate": certificate.public_bytes(Encoding.PEM).decode()}


@dataclass(frozen=True)
class PublicPart:
    """The part of a certificate that is no secret: in Base64 as Graph takes it, whose it is, and until when."""

    base64: str
    subject: str
    ends: datetime


def public_part(file: Path, now: datetime) -> PublicPart:
    """The certificate of a PEM or DER file (.pem, .cer, .crt). A private key beside it is not looked at.

    Raises:
        SignInFailed: no such file, no certificate in it, several, or it ran out.
    """
    data = _bytes(file)
    problem = "holds no certificate in PEM or DER; a PFX file's public part has to be exported first"
    found: list[x509.Certificate] = []
    with suppress(ValueError):
        pem = b"-----BEGIN CERTIFICATE-----" in data
        found = x509.load_pem_x509_certificates(data) if pem else [x509.load_der_x509_certificate(data)]
    if len(found) > 1:
        problem = "holds several certificates; give a file with the application's alone"
    elif found and found[0].not_valid_after_utc < now:
        problem = f"ran out on {found[0].not_valid_after_utc:%Y-%m-%d}; make a new certificate"
    elif found:
        own = found[0]
        text = b64encode(own.public_bytes(Encoding.DER)).decode()
        return PublicPart(text, own.subject.rfc4514_string(), own.not_valid_after_utc)
    raise SignInFailed(f"The certificate file {file.name} {problem}.")


def _bytes(file: Path) -> bytes:
    problem = "is larger than a certificate can be"
    try:
        if file.stat().st_size <= _LARGEST:
            return file.read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror or 'no reason given'})"
    raise SignInFailed(f"The certificate file {file} {problem}.")


def _from_pfx(file: Path, data: bytes, passphrase: Callable[[], Secret]) -> tuple[Any, x509.Certificate]:
    loaded: Any = None
    for given in (lambda: None, lambda: passphrase().reveal().encode()):
        secret = given()
        try:
            loaded = pkcs12.load_key_and_certificates(data, secret)
        except (ValueError, TypeError):
            continue
        break
    if loaded is None:
        raise SignInFailed(_locked(file, "PFX"))
    if loaded[0] is None or loaded[1] is None:
        raise SignInFailed(f"{file.name} must hold a private key and its certificate; one is missing.")
    return loaded[0], loaded[1]


def _from_pem(file: Path, data: bytes, passphrase: Callable[[], Secret]) -> tuple[Any, x509.Certificate]:
    key: Any = None
    certificates: list[x509.Certificate] = []
    if b"PRIVATE KEY-----" not in data or b"BEGIN CERTIFICATE-----" not in data:
        raise SignInFailed(
            f"{file.name} must hold a private key and its certificate (PEM: BEGIN PRIVATE KEY, BEGIN CERTIFICATE); "
            f"files of the PFX kind end in .pfx."
        )
    protected = b"ENCRYPTED" in data
    secret = passphrase().reveal().encode() if protected else None
    try:
        key = load_pem_private_key(data[data.index(b"-----BEGIN", _key_at(data)) :], secret)
        certificates = x509.load_pem_x509_certificates(data)
    except (ValueError, TypeError):
        key = None
    if key is None:
        raise SignInFailed(_locked(file, "PEM") if protected else f"{file.name} is not a PEM file that can be read.")
    # A file may hold the whole chain; the certificate is the one of the key.
    own = [c for c in certificates if c.public_key() == key.public_key()]
    return key, (own or certificates)[0]


def _key_at(data: bytes) -> int:
    """Where the private key begins: at the last BEGIN line before the words PRIVATE KEY."""
    return data.rindex(b"-----BEGIN", 0, data.index(b"PRIVATE KEY-----"))


def _locked(file: Path, kind: str) -> str:
    return (
        f"{file.name} cannot be opened: the passphrase is wrong, or it is not a {kind} file. Give the passphrase when "
        f"asked, or in the variable {PASSPHRASE_VARIABLE}."
    )
