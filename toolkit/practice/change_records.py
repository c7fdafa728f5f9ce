"""What the tenant's own audit log says of a change that was made over Graph or by a cmdlet."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.practice.audit_records import EXCHANGE_ONLINE, cmdlet_record
from toolkit.practice.directory_records import Change, directory_record, user_parts
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.tenant_state import Situation, person_of


def user_change(situation: Situation, user: Record, operation: str, *changes: Change) -> None:
    """Counts a change of a user and writes it into the audit log."""
    person = person_of(user["id"])
    included = [("Included Updated Properties", ", ".join(name for name, _, _ in changes), "")] if changes else []
    object_change(
        situation,
        operation,
        person.upn,
        user_parts(person),
        *changes,
        *included,
        details={"UserType": person.user_type},
    )


def object_change(
    situation: Situation,
    operation: str,
    object_id: str,
    target: Sequence[Record],
    *changes: Change,
    category: str = "User",
    details: Record | None = None,
) -> None:
    """The same for any object of the directory; `target` names it as the log does."""
    record = directory_record(
        situation.operator,
        target,
        situation.now,
        situation.key(operation),
        operation,
        object_id=object_id,
        changes=changes,
        details=details,
        category=category,
        address=situation.address,
    )
    situation.changed(record)


def parts_of(kind: str, object_id: str, name: str) -> list[Record]:
    """How Target names a device, a group, a role or an application."""
    ids = [f"{kind}_{object_id}", object_id, kind]
    return [*({"ID": text, "Type": 2} for text in ids), {"ID": name, "Type": 1}]


def cmdlet_change(situation: Situation, cmdlet: str, object_id: str, parameters: Record) -> None:
    """Counts a change by a cmdlet and writes it into the audit log, as Exchange writes it."""
    sent = [(name, _text(value)) for name, value in parameters.items() if name != "Confirm"]
    record = cmdlet_record(
        situation.operator,
        situation.now,
        situation.key(cmdlet),
        cmdlet,
        address=situation.address,
        object_id=object_id,
        parameters=sent,
        session=DRAW.uuid("operator session", object_id),
        pool="MSExchangeAdminApiNetCoreAppPool",
        app_id=EXCHANGE_ONLINE,
    )
    situation.changed(record)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    return "" if value is None else str(value)
