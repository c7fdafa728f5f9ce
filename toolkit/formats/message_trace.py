"""Message trace: Graph pages, `Get-MessageTraceV2`, the CSV of the Exchange admin center, and details of a message.

Source: Microsoft Graph `exchangeMessageTrace`, `exchangeMessageTraceDetail`; Exchange Online `Get-MessageTraceV2`,
`Get-MessageTraceDetailV2`.
"""

from __future__ import annotations

from toolkit.formats.format import Format

GRAPH = Format(
    name="graph-message-traces",
    table="messages",
    title="Graph message traces",
    source="https://learn.microsoft.com/graph/api/resources/exchangemessagetrace",
    container="json",
    recognise=lambda head: {"senderAddress", "recipientAddress", "receivedDateTime"} <= head.keys,
    # One row for each recipient: the id alone is not one row's.
    record_id=("sql:{doc:$.id} || '|' || {doc:$.recipientAddress}",),
    columns={
        "time": ("doc:$.receivedDateTime",),
        "sender_address": ("doc:$.senderAddress",),
        "recipient_address": ("doc:$.recipientAddress",),
        "subject": ("doc:$.subject",),
        "status": ("doc:$.status",),
        "message_id": ("doc:$.messageId",),
        "message_trace_id": ("doc:$.id",),
        "size": ("doc:$.size",),
        "from_ip": ("doc:$.fromIP",),
        "to_ip": ("doc:$.toIP",),
    },
)


def _cmdlet(container: str) -> Format:
    prefix = "cell:" if container == "csv" else "doc:$."
    names = {
        "time": ("Received",),
        "sender_address": ("SenderAddress",),
        "recipient_address": ("RecipientAddress",),
        "subject": ("Subject",),
        "status": ("Status",),
        "message_id": ("MessageId",),
        "message_trace_id": ("MessageTraceId",),
        "size": ("Size",),
        "from_ip": ("FromIP",),
        "to_ip": ("ToIP",),
    }
    wanted = {"senderaddress", "recipientaddress", "received"}
    return Format(
        name=f"get-messagetrace-{container}",
        table="messages",
        title=f"Get-MessageTraceV2, {container.upper()}",
        source="https://learn.microsoft.com/powershell/module/exchange/get-messagetracev2",
        container=container,
        recognise=lambda head: wanted <= (head.cells if container == "csv" else {k.lower() for k in head.keys}),
        record_id=(f"sql:{{{prefix}MessageTraceId}} || '|' || {{{prefix}RecipientAddress}}",),
        columns={column: tuple(prefix + n for n in found) for column, found in names.items()},
    )


PORTAL = Format(
    name="message-trace-portal-csv",
    table="messages",
    title="Message trace of the Exchange admin center, CSV",
    source="https://learn.microsoft.com/exchange/monitoring/trace-an-email-message/message-trace-modern-eac",
    container="csv",
    recognise=lambda head: (
        {"sender_address", "message_id"} <= head.cells and bool({"recipient_address", "recipient_status"} & head.cells)
    ),
    record_id=(
        "sql:coalesce({cell:network_message_id}, {cell:message_trace_id}, {cell:message_id}) || '|' || "
        "coalesce({cell:recipient_address}, {cell:recipient_status})",
    ),
    columns={
        "time": ("cell:origin_timestamp_utc", "cell:date_time_utc", "cell:received"),
        "sender_address": ("cell:sender_address",),
        # recipient_status: `a@b##Receive, Deliver;c@d##…`
        "recipient_address": (
            "cell:recipient_address",
            "sql:array_to_string(list_transform(string_split({cell:recipient_status}, ';'),"
            " lambda r: split_part(r, '##', 1)), ';')",
        ),
        "subject": ("cell:message_subject", "cell:subject"),
        "status": ("cell:delivery_status", "cell:status", "cell:recipient_status"),
        "message_id": ("cell:message_id",),
        "message_trace_id": ("cell:network_message_id", "cell:message_trace_id"),
        "size": ("cell:total_bytes", "cell:size"),
        "from_ip": ("cell:original_client_ip", "cell:from_ip"),
        "to_ip": ("cell:to_ip",),
        "direction": ("cell:directionality",),
    },
)

GRAPH_EVENTS = Format(
    name="graph-message-trace-details",
    table="message_events",
    title="Graph details of a message trace",
    source="https://learn.microsoft.com/graph/api/resources/exchangemessagetracedetail",
    container="json",
    recognise=lambda head: {"event", "dateTime", "description"} <= head.keys,
    columns={
        "time": ("doc:$.dateTime",),
        "message_trace_id": ("doc:$.id",),
        "message_id": ("doc:$.messageId",),
        "event": ("doc:$.event",),
        "action": ("doc:$.action",),
        "description": ("doc:$.description",),
        "data": ("doc:$.data",),
    },
)


def _cmdlet_events(container: str) -> Format:
    prefix = "cell:" if container == "csv" else "doc:$."
    names = {
        "time": "Date",
        "message_trace_id": "MessageTraceId",
        "message_id": "MessageId",
        "event": "Event",
        "action": "Action",
        "description": "Detail",
        "data": "Data",
    }
    wanted = {"event", "detail", "date"}
    return Format(
        name=f"get-messagetracedetail-{container}",
        table="message_events",
        title=f"Get-MessageTraceDetailV2, {container.upper()}",
        source="https://learn.microsoft.com/powershell/module/exchange/get-messagetracedetailv2",
        container=container,
        recognise=lambda head: wanted <= (head.cells if container == "csv" else {k.lower() for k in head.keys}),
        columns={column: (prefix + name,) for column, name in names.items()},
    )


FORMATS = (
    GRAPH,
    _cmdlet("json"),
    _cmdlet("csv"),
    PORTAL,
    GRAPH_EVENTS,
    _cmdlet_events("json"),
    _cmdlet_events("csv"),
)
