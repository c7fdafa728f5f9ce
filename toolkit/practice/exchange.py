"""Exchange's admin service: one address, `InvokeCommand`, that runs cmdlets (undocumented; see `apis.md`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from toolkit.practice import cmdlets, exchange_pages, exchange_roles
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.login import TENANT_NAMES
from toolkit.practice.names import Record
from toolkit.practice.people import TENANT_ID, facts
from toolkit.practice.tenant_state import Situation

_PATH = re.compile(r"^/adminapi/(v1\.0|v2\.0|beta)/([^/]+)/([A-Za-z]+)$")
_ANCHOR = re.compile(
    rf"^(UPN:[^@\s:()]+@[^@\s:()]+|(APP:)?SystemMailbox\{{[0-9a-f-]{{36}}\}}@({TENANT_ID}|[a-z0-9.-]+))$", re.IGNORECASE
)
LINK = "@odata.nextLink"
_NAME = re.compile(r"^[A-Za-z]{2,20}-[A-Za-z0-9]{2,60}$")


@dataclass(frozen=True)
class Cmdlet:
    """What a cmdlet takes, and whether it asks before it acts. Source: Microsoft's cmdlet reference."""

    required: frozenset[str]
    known: frozenset[str]
    asks: bool


@cache
def described(cmdlet: str) -> Cmdlet | None:
    """The description of a cmdlet the tenant runs, else None."""
    for row in facts("cmdlets"):
        if row["cmdlet"].lower() == cmdlet.lower():
            required = frozenset(filter(None, row["required"].split(";")))
            optional = frozenset(filter(None, row["optional"].split(";")))
            return Cmdlet(required, required | optional, row["asks"] == "yes")
    return None


def cmdlet_named(request: Request) -> str | None:
    """The cmdlet that a request asks for, if its body names one."""
    try:
        name = request.json_object().get("CmdletInput", {}).get("CmdletName")
    except (Refused, AttributeError):
        return None
    return name if isinstance(name, str) and _NAME.match(name) else None


def is_read(cmdlet: str | None) -> bool:
    """Get- and Search- cmdlets read; every other one, and no cmdlet at all, counts as a change."""
    return bool(cmdlet) and str(cmdlet).lower().startswith(("get-", "search-"))


def answer(request: Request, situation: Situation) -> Answer:
    """The answer to a request below `/adminapi/`: a cmdlet, or which ones may be run. Raises `Refused`."""
    found = _PATH.match(request.path)
    if not found or found[2].lower() not in TENANT_NAMES or found[3] not in ("InvokeCommand", "EXOModuleFile"):
        raise Refused(404, "NotFound", "Resource not found.")
    if (found[1], found[3], request.method) == ("v1.0", "EXOModuleFile", "GET"):
        return _module_file(situation)
    if found[1] != "beta" or request.method != "POST":
        raise Refused(405, "MethodNotAllowed", "The requested resource does not support this method.")
    _routed(situation)
    asked = request.json_object().get("CmdletInput")
    if not isinstance(asked, dict) or not isinstance(asked.get("Parameters", {}), dict):
        raise Refused(400, "BadRequest", "Property CmdletInput is missing or not an object.")
    name = cmdlet_named(request)
    cmdlet = described(name) if name else None
    if name is None or cmdlet is None or not _may_run(name, situation):
        raise Refused(403, "Forbidden", "")
    parameters = _checked(asked.get("Parameters", {}), cmdlet)
    if "$skiptoken" in request.query:
        rows, link = exchange_pages.next_page(name, request, situation)
    else:
        every = cmdlets.run(name, parameters, situation, asks=cmdlet.asks)
        rows, link = exchange_pages.first_page(every, name, request, situation)
    select = request.query.get("$select")
    if select:
        rows = [{key: row[key] for key in select.split(",") if key in row} for row in rows]
    return done(rows, situation, link)


def _routed(situation: Situation) -> None:
    """Refuses what names no mailbox to be routed by. An application has none of its own: it names a system mailbox.

    Source: observed. What the service does with a name that nobody has is not known; here it is refused.
    """
    if situation.anchor and not _ANCHOR.match(situation.anchor):
        raise Refused(400, "BadRequest", f"The anchor mailbox '{situation.anchor[:80]}' could not be located.")


def _may_run(cmdlet: str, situation: Situation) -> bool:
    """Whether the caller is offered a cmdlet, by the role in the token."""
    if cmdlet.lower() in situation.withheld:
        return False
    return situation.roles is None or exchange_roles.offers(situation.roles, cmdlet)


def _module_file(situation: Situation) -> Answer:
    """Which cmdlets this caller may run. Source: observed; what the PowerShell module asks first."""
    names = [row["cmdlet"] for row in facts("cmdlets") if _may_run(row["cmdlet"], situation)]
    if not names:
        raise Refused(403, "Forbidden", "")
    context = f"{situation.base}/adminapi/v1.0/{TENANT_ID}/$metadata#EXOModuleFile"
    return Answer(200, {"@odata.context": context, "value": [{"exportedCmdlets": ",".join(names)}]})


def done(rows: list[Record], situation: Situation, link: str = "") -> Answer:
    """200 in the service's envelope, with the warnings that were raised on the way and the link to further rows."""
    body: Record = {
        "@odata.context": f"{situation.base}/adminapi/beta/{TENANT_ID}/$metadata#Collection(Exchange.GenericHashTable)",
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": situation.warnings,
        "value": [_annotated(row) for row in rows],
    }
    return Answer(200, body | ({LINK: link} if link else {}))


def _annotated(row: Record) -> Record:
    """The row with the service's remark before each list. Source: observed."""
    shown: Record = {}
    for name, value in row.items():
        if isinstance(value, list):
            shown[f"{name}@odata.type"] = "#Collection(String)"
        shown[name] = value
    return shown


def first_half(answer: Answer) -> Answer:
    """The answer with the first half of its rows, as a result that was cut off; nothing leads to the others."""
    if answer.status != 200 or not isinstance(answer.body, dict):
        return answer
    body = {name: value for name, value in answer.body.items() if name != LINK}
    return Answer(answer.status, body | {"value": body["value"][: len(body["value"]) // 2]}, answer.headers)


def parameters_named(request: Request) -> tuple[list[str], str | None]:
    """The names of a cmdlet's parameters, and the mailbox or object that it is aimed at."""
    try:
        given = request.json_object()["CmdletInput"]["Parameters"]
        target = next((given[name] for name in ("Mailbox", "Identity", "SenderAddress") if given.get(name)), None)
        return sorted(given), None if target is None else str(target)[:200]
    except (Refused, KeyError, TypeError, AttributeError):
        return [], None


def _checked(parameters: Record, cmdlet: Cmdlet) -> Record:
    """The parameters under their official names; PowerShell does not mind the case."""
    official = {name.lower(): name for name in cmdlet.known}
    checked: Record = {}
    for name, value in parameters.items():
        if name.lower() not in official:
            raise Refused(
                400,
                "BadRequest",
                f"A parameter cannot be found that matches parameter name '{name}'.",
                kind="System.Management.Automation.ParameterBindingException",
            )
        checked[official[name.lower()]] = value
    missing = sorted(name for name in cmdlet.required if checked.get(name) in (None, ""))
    if missing:
        raise Refused(
            400,
            "BadRequest",
            f"Cannot process command because of one or more missing mandatory parameters: {' '.join(missing)}.",
            kind="System.Management.Automation.ParameterBindingException",
        )
    return checked
