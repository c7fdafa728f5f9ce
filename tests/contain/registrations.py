"""What tests of registering share: certificates as files, and registering on the practice tenant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.contain.room import DOMAIN, Room
from toolkit import contain
from toolkit.contain.registering import create, creation
from toolkit.practice.directory_apps import DEFAULT_ACCESS, assignment
from toolkit.practice.people import people
from toolkit.tenant.certificate import PublicPart, public_part
from toolkit.tenant.registration import Registration


def certificate_file(path: Path, *, days: int = 365, key_too: bool = True) -> Path:
    """A certificate of one's own as `path` (PEM, or DER for .cer), with its private key beside it as people have it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mailbox response")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    if path.suffix == ".cer":
        path.write_bytes(made.public_bytes(Encoding.DER))
        return path
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) if key_too else b""
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def public(folder: Path) -> PublicPart:
    return public_part(certificate_file(folder / "app.cer"), datetime.now(UTC))


def registration(room: Room, purpose: str = "evidence", *, app_only: bool = False) -> Registration:
    return Registration(purpose, app_only, room.tenant.cloud)


def register(room: Room, wanted: Registration, key: PublicPart | None = None) -> dict[str, contain.Outcome]:
    return create(creation(room.case, room.tenant, wanted, key), DOMAIN)


def assign_the_operator(room: Room) -> None:
    """In Entra, by hand: who works on the case is assigned to each application that was registered."""
    person = people()["operator"]

    def assigned(state: dict[str, Any]) -> None:
        ours = {row["appId"] for row in state["applications"].values()}
        for row in state["service_principals"].values():
            if row["appId"] in ours:
                state["app_role_assignments"].append(
                    assignment(
                        person.id, person.display_name, "User", row["id"], row["displayName"], DEFAULT_ACCESS, ""
                    )
                )

    room.service.change_behind(assigned)
