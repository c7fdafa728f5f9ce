"""The scenario as the files an analyst would get: portal and cmdlet CSV, Graph pages, answer key."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from toolkit.practice.audit_records import RECORD_TYPE_NAMES
from toolkit.practice.names import Record
from toolkit.practice.people import people
from toolkit.practice.scenario import CONTOSO_BEC, Scenario, scenario
from toolkit.practice.signin_records import as_v1

GRAPH = "https://graph.microsoft.com"
PAGE = 150
"""Sign-ins a page in the exported files (`$top=150`)."""
_PURVIEW = (
    "RecordId",
    "CreationDate",
    "RecordType",
    "Operation",
    "UserId",
    "AuditData",
    "AssociatedAdminUnits",
    "AssociatedAdminUnitsNames",
)
_SEARCH = (
    "RecordType",
    "CreationDate",
    "UserIds",
    "Operations",
    "AuditData",
    "ResultIndex",
    "ResultCount",
    "Identity",
    "IsValid",
    "ObjectState",
)


def compact(value: object) -> str:
    """JSON without blanks, as the services send it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def write_exports(folder: Path, *, scenario_name: str = CONTOSO_BEC) -> list[Path]:
    """Writes the evidence files and returns them, in the order of their names.

    Raises `PracticeError` for an unknown scenario. Files of the same name are replaced.
    """
    contents = export_files(scenario(scenario_name))
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in sorted(contents):
        path = folder / name
        path.write_bytes(contents[name])
        written.append(path)
    return written


def export_files(told: Scenario) -> dict[str, bytes]:
    """File name → content. Nothing but the scenario goes in, so the bytes are the same each time."""
    victim = people()["victim" if told.name == CONTOSO_BEC else "marketing"].upn
    own = f"search-unifiedauditlog-{victim.partition('@')[0]}.csv"
    texts = {
        "purview-audit-search.csv": "\ufeff" + _purview(told.audit),
        own: _search(r for r in told.audit if r["UserId"] == victim),
        "secure-scores.json": compact(_page("v1.0", "security/secureScores", told.secure_scores)),
        "secure-score-control-profiles.json": compact(
            _page("v1.0", "security/secureScoreControlProfiles", told.control_profiles)
        ),
        "answer-key.json": json.dumps(told.answer_key, indent=1, ensure_ascii=False) + "\n",
    }
    interactive = [r for r in told.sign_ins if r["isInteractive"]]
    others = [r for r in told.sign_ins if not r["isInteractive"]]
    for name, version, records, kind in (
        ("signins-v1-interactive", "v1.0", [as_v1(r) for r in interactive], ""),
        ("signins-beta-interactive", "beta", interactive, "interactiveUser"),
        ("signins-beta-noninteractive", "beta", others, "nonInteractiveUser"),
    ):
        for number, page in enumerate(_sign_in_pages(version, records, kind), start=1):
            texts[f"{name}-page{number}.json"] = compact(page)
    contents = {name: text.encode("utf-8") for name, text in texts.items()}
    readme = files("toolkit.practice").joinpath("facts", f"{told.name}-README.md")
    return contents | {"README.md": readme.read_bytes()}


def _page(version: str, path: str, records: Sequence[Record], next_link: str | None = None) -> Record:
    page: Record = {"@odata.context": f"{GRAPH}/{version}/$metadata#{path}"}
    if next_link:
        page["@odata.nextLink"] = next_link
    return page | {"value": list(records)}


def _sign_in_pages(version: str, records: Sequence[Record], kind: str) -> Iterable[Record]:
    wanted = f"$filter=(signInEventTypes%2fany(t%3a+t+eq+%27{kind}%27))&" if kind else ""
    for start in range(0, len(records), PAGE):
        part = records[start : start + PAGE]
        more = start + PAGE < len(records)
        token = f"{part[-1]['id'].replace('-', '')}_{start + PAGE}"
        link = f"{GRAPH}/{version}/auditLogs/signIns?{wanted}$top={PAGE}&$skiptoken={token}" if more else None
        yield _page(version, "auditLogs/signIns", part, link)


def _purview(records: Sequence[Record]) -> str:
    """The audit search of the Purview portal, headers of 2024 and later; times in UTC with seven digits."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_PURVIEW)
    for record in records:
        created = f"{record['CreationTime']}.0000000Z"
        kind, operation, user = record["RecordType"], record["Operation"], record["UserId"]
        writer.writerow([record["Id"], created, kind, operation, user, compact(record), "", ""])
    return out.getvalue()


def _search(chosen: Iterable[Record]) -> str:
    """`Search-UnifiedAuditLog | Export-Csv`: every cell quoted, US 12-hour times, slashes escaped in the JSON."""
    records = list(chosen)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(_SEARCH)
    for number, record in enumerate(records, start=1):
        kind = RECORD_TYPE_NAMES[record["RecordType"]]
        document = compact(record).replace("/", "\\/")
        row = [kind, _us(record["CreationTime"]), record["UserId"], record["Operation"], document]
        writer.writerow([*row, number, len(records), record["Id"], "True", "Unchanged"])
    return out.getvalue()


def _us(moment: str) -> str:
    time = datetime.fromisoformat(moment)
    half = "AM" if time.hour < 12 else "PM"
    return f"{time.month}/{time.day}/{time.year} {time.hour % 12 or 12}:{time:%M:%S} {half}"
