"""An application that signs in on its own: its secret, or an assertion signed with its certificate's key."""

from __future__ import annotations

import base64
import hashlib
import json
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from toolkit.practice.names import Record

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST = 24 * 3600


class Credentials:
    """What an application may prove itself with. As long as nothing was registered, any secret is good."""

    def __init__(self) -> None:
        self._secret_hash = ""
        self._certificates: list[x509.Certificate] = []

    def register(self, *, secret: str = "", certificate: bytes = b"") -> None:
        """From now on only what was registered is good: a secret, or the public part of a certificate (PEM)."""
        if secret:
            self._secret_hash = hashlib.sha256(secret.encode()).hexdigest()
        if certificate:
            self._certificates.append(x509.load_pem_x509_certificate(certificate))

    def problem(self, form: dict[str, str], client_id: str, audiences: tuple[str, ...]) -> tuple[int, str] | None:
        """Why the proof in a form is not good: Entra's number and text; None if it is."""
        if form.get("client_assertion"):
            if form.get("client_assertion_type") != BEARER:
                return 90023, "Unsupported 'client_assertion_type' value."
            if not self._certificates and not self._secret_hash:
                return None
            return self._assertion_problem(form["client_assertion"], client_id, audiences)
        given = form.get("client_secret", "")
        expected = self._secret_hash or (hashlib.sha256(given.encode()).hexdigest() if not self._certificates else "")
        if not given or hashlib.sha256(given.encode()).hexdigest() != expected:
            return 7000215, "Invalid client secret provided. Ensure the secret being sent is the client secret value."
        return None

    def _assertion_problem(self, assertion: str, client_id: str, audiences: tuple[str, ...]) -> tuple[int, str] | None:
        try:
            first, second, third = assertion.split(".")
            head, claims = json.loads(_decoded(first)), json.loads(_decoded(second))
            signature, signed = _decoded(third), f"{first}.{second}".encode()
            thumbprint = str(head.get("x5t#S256") or head.get("x5t") or "").rstrip("=")
        except (ValueError, AttributeError):
            return 50027, "JWT token is invalid or malformed."
        own = next((c for c in self._certificates if thumbprint in _thumbprints(c)), None)
        if own is None:
            return (
                700027,
                "The certificate with identifier used to sign the client assertion is not registered on application.",
            )
        if not _is_signed_by(own, head, signed, signature):
            return 700027, "Client assertion failed signature validation."
        return _claims_problem(claims, client_id, audiences)


def _claims_problem(claims: Record, client_id: str, audiences: tuple[str, ...]) -> tuple[int, str] | None:
    now = time.time()
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return 700021, "Client assertion's issuer and subject must be the application's id."
    if claims.get("aud") not in audiences:
        return 700023, "Client assertion audience claim does not match Realm issuer."
    if not now - 300 < float(claims.get("exp", 0)) < now + _LONGEST:
        return 700024, "Client assertion is not within its valid time range."
    return None


def _is_signed_by(certificate: x509.Certificate, head: Record, signed: bytes, signature: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    schemes: dict[str, padding.AsymmetricPadding] = {
        "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), 32),
        "RS256": padding.PKCS1v15(),
    }
    scheme = schemes.get(str(head.get("alg")))
    if scheme is None:
        return False
    try:
        key.verify(signature, signed, scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _thumbprints(certificate: x509.Certificate) -> tuple[str, str]:
    data = certificate.public_bytes(Encoding.DER)
    # SHA-1 is what the old header `x5t` is defined with.
    digests = (hashlib.sha256(data).digest(), hashlib.sha1(data).digest())  # noqa: S324
    long, short = (base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests)
    return long, short


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
