"""How the Exchange cmdlets of the practice tenant find what they are asked for, change it, and say no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from toolkit.practice.change_records import cmdlet_change
from toolkit.practice.http import Refused
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
AMBIGUOUS = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException"
ASKS = "Microsoft.Exchange.Configuration.Tasks.ShouldContinueException"
BAD_VALUE = "System.Management.Automation.ParameterBindingException"
INVALID = "Microsoft.Exchange.Data.DataValidationException"
HASHTABLE = "#Exchange.GenericHashTable"
Check = Callable[[str, object], object]
"""Takes a parameter's name and value, returns what is stored, or raises `Refused`."""


def refused(text: str, kind: str = INVALID) -> Refused:
    """400 with the exception's type and text."""
    return Refused(400, "BadRequest", text, kind=kind)


def not_found(identity: str) -> Refused:
    """400, since Exchange has no 404 for an object that is not there."""
    return refused(
        f"The operation couldn't be performed because object '{identity}' couldn't be found on "
        "'FR3P281A01DC001.DEUP281A001.PROD.OUTLOOK.COM'.",
        NOT_FOUND,
    )


def mailbox(identity: object, situation: Situation) -> Record:
    """The mailbox of that id, name or address. Raises `Refused`."""
    found = recipient(identity, situation.state)
    if found is None:
        raise not_found(str(identity))
    return found


def recipient(identity: object, state: Record) -> Record | None:
    """The mailbox of that id, name or address, if there is one."""
    wanted = str(identity).lower().removeprefix("smtp:")
    names = (
        "ExternalDirectoryObjectId",
        "UserPrincipalName",
        "PrimarySmtpAddress",
        "Alias",
        "Identity",
        "Name",
        "DisplayName",
    )
    for row in state["mailboxes"].values():
        if wanted in (str(row[name]).lower() for name in names):
            found: Record = row
            return found
    return None


def owner_of(parameters: Record, situation: Situation, name: str = "Mailbox") -> Record:
    """The mailbox that the parameter names; without it the caller's own."""
    return mailbox(parameters.get(name) or situation.operator.upn, situation)


def named(rows: Iterable[Record], identity: object, keys: tuple[str, ...]) -> Record:
    """The one row of which a key has that value. Raises `Refused` for none and for several."""
    wanted = str(identity).lower()
    found = [row for row in rows if wanted in (str(row.get(key, "")).lower() for key in keys)]
    if not found:
        raise not_found(str(identity))
    if len(found) > 1:
        raise refused(f"The operation couldn't be performed because '{identity}' matches multiple entries.", AMBIGUOUS)
    return found[0]


def public(row: Record) -> Record:
    """What a cmdlet shows of a row."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def limited(rows: list[Record], parameters: Record) -> list[Record]:
    """As many rows as `ResultSize` allows."""
    size = str(parameters.get("ResultSize", "1000"))
    if size.lower() == "unlimited":
        return rows
    if not size.isdecimal():
        raise refused(f"Cannot convert '{size}' to a result size.", BAD_VALUE)
    return rows[: int(size)]


def switch(parameters: Record, name: str) -> bool:
    """A switch; absent is off."""
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise refused(f"Cannot convert the value of parameter '{name}' to SwitchParameter.", BAD_VALUE)
    return value


def flag(name: str, value: object) -> object:
    """A Boolean parameter."""
    if not isinstance(value, bool):
        raise refused(f"Cannot convert the value of parameter '{name}' to the type System.Boolean.", BAD_VALUE)
    return value


def flag_or_default(name: str, value: object) -> object:
    """A Boolean parameter that may be null: then the organisation's setting counts."""
    return None if value is None else flag(name, value)


def text(name: str, value: object) -> object:
    """A text, or null."""
    if value is not None and not isinstance(value, str):
        raise refused(f"Cannot convert the value of parameter '{name}' to the type System.String.", BAD_VALUE)
    return value


def one_of(*allowed: str) -> Check:
    """One of the members of an enumeration, in any case."""

    def check(name: str, value: object) -> object:
        for member in allowed:
            if str(value).lower() == member.lower():
                return member
        raise refused(
            f"Cannot convert value '{value}' of parameter '{name}': it must be one of {list(allowed)}.", BAD_VALUE
        )

    return check


def words(name: str, value: object) -> list[str]:
    """A list of texts; a single one may stand by itself, null is the empty list."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(part, str) for part in values):
        raise refused(f"Cannot convert the value of parameter '{name}' to a list of texts.", BAD_VALUE)
    return [str(part) for part in values]


def changed_list(name: str, old: list[str], value: object, known_as: Check) -> list[str]:
    """A list after a change: replaced as a whole, or by `add` and `remove` of a hashtable.

    `known_as` turns each value into what is stored, or refuses it.
    """
    if not isinstance(value, dict):
        return [str(known_as(name, part)) for part in words(name, value)]
    if value.get("@odata.type") != HASHTABLE:
        raise refused(f"Cannot convert the value of parameter '{name}' to a multi-valued property.", BAD_VALUE)
    asked: dict[str, list[str]] = {}
    for key, part in value.items():
        if key.lower() in ("add", "remove"):
            asked[key.lower()] = [str(known_as(name, one)) for one in words(name, part)]
        elif key != "@odata.type" and not key.endswith("@odata.type"):
            raise refused(f"The hashtable of parameter '{name}' knows only Add and Remove.", BAD_VALUE)
    gone = {one.lower() for one in asked.get("remove", [])}
    kept = [one for one in old if one.lower() not in gone]
    there = {one.lower() for one in kept}
    return kept + [one for one in asked.get("add", []) if one.lower() not in there]


def set_values(
    cmdlet: str,
    row: Record,
    parameters: Record,
    checks: Mapping[str, Check],
    situation: Situation,
    *,
    object_id: str,
) -> list[Record]:
    """Sets the given properties of a row, all or none; warns if that changes nothing."""
    values = {name: check(name, parameters[name]) for name, check in checks.items() if name in parameters}
    return set_checked(cmdlet, row, parameters, values, situation, object_id=object_id)


def set_checked(
    cmdlet: str, row: Record, parameters: Record, values: Record, situation: Situation, *, object_id: str
) -> list[Record]:
    """The same with values that were checked already."""
    if all(row.get(name) == value for name, value in values.items()):
        situation.warnings.append(
            f"The command completed successfully but no settings of '{object_id}' have been modified."
        )
        return []
    row |= values
    cmdlet_change(situation, cmdlet, object_id, parameters)
    return []
