"""Which service a request is for, and what the log may keep of it."""

from __future__ import annotations

from datetime import datetime

from toolkit.practice import exchange, graph
from toolkit.practice.http import Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.tokens import EXCHANGE, GRAPH, LOGS, MANAGE

_ROOTS = {
    GRAPH: ("/v1.0/", "/beta/"),
    EXCHANGE: ("/adminapi/",),
    MANAGE: ("/api/v1/", "/api/v1.0/"),
    LOGS: ("/v1/workspaces/",),
}
HIDDEN = "(hidden)"
_SECRET = ("password", "newpassword")


def addressed(request: Request) -> tuple[str, Request]:
    """Which service a path belongs to, and the request with the path as that service knows it."""
    path = request.path
    for service, roots in _ROOTS.items():
        bare = path.removeprefix(f"/{service}")
        if bare.startswith(roots):
            return service, Request(request.method, bare, request.query_text, request.headers, request.body)
    return "", request


def log_line(service: str, request: Request, client_request_id: str, now: datetime) -> Record:
    """What may be kept of a request: no query, no header but the caller's own id; of a change its body, no secret."""
    cmdlet = exchange.cmdlet_named(request) if service == EXCHANGE else None
    if service == "sign-in":
        kind = "sign-in"
    elif request.method in graph.READS or service == LOGS or (service == EXCHANGE and exchange.is_read(cmdlet)):
        kind = "read"
    else:
        kind = "write"
    fields, target = exchange.parameters_named(request) if service == EXCHANGE else (_properties(request), None)
    return {
        "time": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "method": request.method,
        "path": request.path,
        "cmdlet": cmdlet,
        "kind": kind,
        "fields": [] if kind == "sign-in" else fields,
        "target": target,
        "status": 0,
        "client_request_id": client_request_id[:64],
    } | ({"body": _without_secrets(_body(request))} if kind == "write" else {})


def _body(request: Request) -> object:
    try:
        return request.json_object() if request.body else None
    except Refused:
        return None


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        return {k: HIDDEN if k.lower() in _SECRET and v is not None else _without_secrets(v) for k, v in value.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


def _properties(request: Request) -> list[str]:
    try:
        return sorted(request.json_object())
    except Refused:
        return []
