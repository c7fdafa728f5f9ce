"""Log Analytics (Microsoft Sentinel): fixed queries of one workspace that a person names, sliced by time.

The queries are files beside this package (`toolkit/collect/kql`); what goes into them are times and literals, written
so that no name can end its literal. Rows beyond a limit are left out although the answer is a 200: then the window is
halved. Source: Azure Monitor Log Analytics query API.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any, ClassVar

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered
from toolkit.collect.window import DAY, text_of
from toolkit.errors import TenantAnswer
from toolkit.tenant import Call, Tenant
from toolkit.tenant.clouds import lacks

SHORTEST = timedelta(minutes=1)
GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
NO_TABLE = "SEM0100"
PARTIAL = "PartialError"
NO_WORKSPACE = "The workspace is named by its GUID (Log Analytics workspace, Overview, Workspace ID); this is none."


class _Workspace(Road):
    """One or several of the fixed queries. `table_name` is the table of the workspace, `keys` a record's id in it;
    `with_mark` the query that looks for a mark in everybody's records."""

    name = "Log Analytics"
    permission = "Data.Read (Log Analytics Reader on the workspace)"
    longest = DAY
    queries: ClassVar[tuple[str, ...]]
    with_mark: ClassVar[str]
    table_name: ClassVar[str]
    keys: ClassVar[tuple[str, ...]] = ("Id",)

    @property
    def wanted(self) -> bool:
        return bool(self.options.workspace)

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, "log-analytics"):
            return Pull.failed(why, available=False)
        if not GUID.fullmatch(self.options.workspace):
            return Pull.failed(NO_WORKSPACE, available=False)
        whole = Pull()
        for query in self.queries if asked.mark is None else (self.with_mark,):
            whole.add(self._asked(tenant, query, asked, pages, halted))
        return whole

    def _asked(self, tenant: Tenant, query: str, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        halt_if(halted)
        start, end = text_of(asked.window.start), text_of(asked.window.end)
        body = {"query": worded(query, asked), "timespan": f"{start}/{end}"}
        address = f"{tenant.cloud.base('log-analytics')}/v1/workspaces/{self.options.workspace}/query"
        call = Call("POST", address, body, {"Prefer": "wait=600"})
        try:
            answer = tenant.session.read(call)
        except TenantAnswer as error:
            if error.code == NO_TABLE:
                why = f"The workspace has no table {self.table_name}: this source is not connected to it."
                return Pull.failed(why, available=False)
            return Pull.failed(str(error), available=not not_offered(error))
        tables = answer.data.get("tables")
        if not isinstance(tables, list):
            return Pull.failed(str(answer.error("Log Analytics answered without tables", "InvalidBody")))
        rows = [row for table in tables for row in rows_of(table)]
        if rows:
            pages.add(answer.content)
        pull = Pull({self._identity(row) for row in rows}, len(rows))
        error_beside = answer.data.get("error")
        if error_beside:
            if asked.window.length > SHORTEST:
                pull.splits = 1
                for half in reversed(asked.window.halves()):
                    pull.add(self._asked(tenant, query, asked.within(half), pages, halted))
                return pull
            code = error_beside.get("code") if isinstance(error_beside, dict) else PARTIAL
            pull.whole, pull.reason = False, f"Log Analytics left rows out ({code}) of a window of a minute"
        return pull

    def _identity(self, row: dict[str, Any]) -> str:
        return next((str(row[key]).lower() for key in self.keys if row.get(key)), json.dumps(row, sort_keys=True))


class WorkspaceSignIns(_Workspace):
    """Table SigninLogs."""

    source = "sign-ins, interactive"
    table = "signins"
    queries = ("sign-ins",)
    with_mark = "sign-ins-with"
    table_name = "SigninLogs"


class WorkspaceNonInteractive(_Workspace):
    """Table AADNonInteractiveUserSignInLogs."""

    source = "sign-ins, non-interactive"
    table = "signins"
    queries = ("non-interactive-sign-ins",)
    with_mark = "non-interactive-sign-ins-with"
    table_name = "AADNonInteractiveUserSignInLogs"


class WorkspaceDirectoryChanges(_Workspace):
    """Table AuditLogs: what the account did, and what was done to it."""

    source = "directory changes"
    table = "audit"
    queries = ("directory-changes-by", "directory-changes-to")
    with_mark = "directory-changes-with"
    table_name = "AuditLogs"


class WorkspaceOfficeActivity(_Workspace):
    """Table OfficeActivity: the audit log of Exchange, SharePoint and Teams."""

    source = "audit log"
    table = "audit"
    queries = ("office-activity",)
    with_mark = "office-activity-with"
    table_name = "OfficeActivity"
    keys = ("OfficeId", "SourceRecordId")


@cache
def template(name: str) -> str:
    """The text of a query, without its comments."""
    text = resources.files("toolkit.collect").joinpath("kql", f"{name}.kql").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))


def worded(name: str, asked: Asked) -> str:
    """A query about an account, or a mark, and a window."""
    return template(name).format(
        start=text_of(asked.window.start),
        end=text_of(asked.window.end),
        account=literal(asked.user_principal_name),
        object_id=literal(asked.object_id),
        mark=literal(asked.mark.value if asked.mark else ""),
    )


def literal(text: str) -> str:
    """A text as a string literal of the query language: what could end it is escaped, and so is all that is no letter
    of the alphabet, a digit or a plain sign."""
    return json.dumps(text, ensure_ascii=True)


def rows_of(table: Any) -> list[dict[str, Any]]:
    """The rows of one table of an answer, each by the names of its columns."""
    if not isinstance(table, dict):
        return []
    names = [str(c.get("name")) for c in table.get("columns") or [] if isinstance(c, dict)]
    return [dict(zip(names, row, strict=False)) for row in table.get("rows") or [] if isinstance(row, list)]
