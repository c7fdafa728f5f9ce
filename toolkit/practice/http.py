"""A request and an answer, as the practice tenant sees them, and the services' ways to say no."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from toolkit.practice.names import Record


@dataclass(frozen=True)
class Request:
    """One request; header names in lower case, path decoded, `body` as it came."""

    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """Query options, decoded; a repeated one keeps its last value."""
        return dict(parse_qsl(self.query_text, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json_object(self) -> Record:
        """The body as a JSON object. Raises `Refused` (400) for anything else."""
        try:
            value: Any = json.loads(self.body or b"null")
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Refused(400, "BadRequest", "Unable to read JSON request payload. Please ensure it is valid JSON.")
        return value


@dataclass
class Answer:
    """What goes back: a JSON object, bytes as they are, or nothing."""

    status: int = 200
    body: Record | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """The connection breaks off in the middle of the body."""

    def payload(self) -> bytes:
        """The body on the wire."""
        if isinstance(self.body, dict):
            return json.dumps(self.body, separators=(",", ":"), ensure_ascii=False).encode()
        return self.body or b""


class Refused(Exception):
    """A request that the service answers with an error; `text` is the message for the caller."""

    def __init__(
        self, status: int, code: str, text: str, *, headers: Mapping[str, str] | None = None, kind: str = ""
    ) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.kind = status, code, text, kind
        self.headers = dict(headers or {})


def graph_error(error: Refused, request_id: str, client_request_id: str, date: str) -> Answer:
    """Graph's error body. Source: "Microsoft Graph error responses"."""
    inner = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
    body = {"error": {"code": error.code, "message": error.text, "innerError": inner}}
    return Answer(error.status, body, error.headers)


def exchange_error(error: Refused) -> Answer:
    """Exchange's error body: the text sits in `internalexception`, and after the last bar in `details`.

    A cmdlet that does not exist, or that the caller may not run, gets 403 and a body of NUL bytes.
    Source: observed, see `apis.md`; not documented by Microsoft.
    """
    if error.status == 403:
        return Answer(403, b"\x00" * 20, error.headers | {"Content-Type": "application/json"})
    if error.status == 401:
        return Answer(401, b"", error.headers)
    kind = error.kind or "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"
    number = f"Ex{sum(kind.encode()) * 2654435761 & 0xFFFFFF:06X}"
    return Answer(
        error.status,
        {
            "error": {
                "code": error.code,
                "message": "Error executing cmdlet",
                "details": [{"code": "Context", "target": "", "message": f"{number}|{kind}|{error.text}"}],
                "innererror": {
                    "message": "Error executing cmdlet",
                    "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
                    "stacktrace": "",
                    "internalexception": {"message": error.text, "type": kind, "stacktrace": ""},
                },
            }
        },
        error.headers,
    )
