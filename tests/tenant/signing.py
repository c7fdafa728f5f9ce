"""What the tests of signing in share: the practice tenant as a place to sign in to, by Microsoft's MSAL itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from tests.practice.analyst import Clock
from toolkit.practice import PracticeTenant
from toolkit.practice.login import APPROVES, DECLINES
from toolkit.practice.scenario import CLIENT_ID
from toolkit.tenant.clients import Clients, clients_of
from toolkit.tenant.clouds import RESOURCES, Cloud, practice_cloud
from toolkit.tenant.person import PersonTokenSource
from toolkit.tenant.ways import DeviceCode, DeviceCodeMessage, Way

__all__ = ["CLIENT_ID", "Answering", "Clock", "Sheet", "by_code", "in_thread", "own_clients", "place_of"]


def place_of(service: PracticeTenant) -> Cloud:
    """The practice tenant as a cloud; its folder is CASE/practice."""
    return practice_cloud(service.folder.parent)


def own_clients() -> Clients:
    return clients_of(CLIENT_ID)


def by_code(
    service: PracticeTenant,
    prompt: Callable[[DeviceCodeMessage], None] | None = None,
    *,
    clients: Clients | None = None,
    way: Way | None = None,
    **how: Any,
) -> PersonTokenSource:
    """A person who signs in to the practice tenant, by device code unless another `way` is given."""
    place = place_of(service)
    return PersonTokenSource(place, clients or own_clients(), way or DeviceCode(prompt), tenant=place.tenant_id, **how)


class Sheet:
    """A certificate of an application, with its key, as files."""

    def __init__(self, folder: Path, *, days: int = 30, passphrase: str = "", name: str = "app") -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        real = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(real - timedelta(days=60))
            .not_valid_after(real + timedelta(days=days))
            .sign(self.key, hashes.SHA256())
        )
        self.public = self.certificate.public_bytes(Encoding.PEM)
        protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        self.private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
        self.pem, self.pfx = folder / f"{name}.pem", folder / f"{name}.pfx"
        self.pem.write_bytes(self.private + self.public)
        self.pfx.write_bytes(
            pkcs12.serialize_key_and_certificates(name.encode(), self.key, self.certificate, None, protection)
        )


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Does the work in another thread; what it raised is in the list once the thread has ended."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


class Apart(Clients):
    """Microsoft's public clients where the Management Activity API needs a sign-in of its own."""

    def for_resource(self, resource: str, purpose: str) -> str:
        return CLIENT_ID if resource == "management" else super().for_resource(resource, purpose)


class Answering:
    """A person who signs in by code to whatever they are asked for, but may do something else about some services.

    `asked` has the resources in order; `about_management` and `exchange` are behaviours of `practice.login`.
    """

    name = "device code"

    def __init__(self, service: PracticeTenant, about_management: str = DECLINES, *, exchange: str = APPROVES) -> None:
        self.service, self.about_management, self.exchange = service, about_management, exchange
        self.asked: list[str] = []
        self._code = DeviceCode()

    def sign_in(self, app: Any, scopes: list[str], *, claims: str | None, hint: str) -> dict[str, Any]:
        resource = next(name for name in RESOURCES if scopes[0].startswith(f"{place_of(self.service).base(name)}/"))
        self.asked.append(resource)
        does = {"management": self.about_management, "exchange": self.exchange}
        self.service.login.behaviour = does.get(resource, APPROVES)
        return self._code.sign_in(app, scopes, claims=claims, hint=hint)

    def cancel(self) -> None:
        self._code.cancel()

    def source(self) -> PersonTokenSource:
        """Their tokens; nobody is signed in yet."""
        public = clients_of()
        clients = Apart(public.evidence, public.containment, public.exchange, registered=False)
        return by_code(self.service, clients=clients, way=self)
