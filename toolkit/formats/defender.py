"""Defender XDR: CloudAppEvents, as advanced hunting gives them (flat) and as they are streamed (in an envelope).

The audit record itself stands in `RawEventData`; where that is lost, the event's own columns are what is left.
Source: Microsoft Defender XDR schema, `CloudAppEvents`.
"""

from __future__ import annotations

from toolkit.formats.format import Format, Head, joined
from toolkit.formats.unified_audit import AUDIT_DATA, LISTS

SOURCE = "https://learn.microsoft.com/defender-xdr/advanced-hunting-cloudappevents-table"


def _format(name: str, title: str, path: str, streamed: bool) -> Format:
    row = f"row:{path}."

    def recognise(head: Head) -> bool:
        if streamed:
            return any(str(r.get("category", "")).endswith("CloudAppEvents") for r in head.records)
        return {"ActionType", "RawEventData", "Timestamp"} <= head.keys

    return Format(
        name=name,
        table="audit",
        title=title,
        source=SOURCE,
        container="json",
        recognise=recognise,
        document=f"{path}.RawEventData",
        record_id=("doc:$.Id", f"{row}ReportId"),
        lists=LISTS,
        columns=joined(
            AUDIT_DATA,
            {
                "time": (f"{row}Timestamp", "row:$.time"),
                "operation": (f"{row}ActionType",),
                "workload": (f"{row}Application",),
                "user_principal_name": (
                    f"{row}UserId",
                    f"{row}AccountUpn",
                    f"{row}AccountDisplayName",
                    f"{row}AccountObjectId",
                ),
                "ip_address": (f"{row}IPAddress",),
                "object_id": (f"{row}ObjectName",),
                "user_agent": (f"{row}UserAgent",),
            },
        ),
    )


FORMATS = (
    _format("defender-cloudappevents", "Defender CloudAppEvents, advanced hunting", "$", streamed=False),
    _format("defender-cloudappevents-streamed", "Defender CloudAppEvents, streamed", "$.properties", streamed=True),
)
