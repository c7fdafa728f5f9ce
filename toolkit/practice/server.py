"""HTTPS on loopback: a web server with a certificate of its own, and the door each request comes through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import trustme
from cheroot import errors, wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from toolkit.errors import PracticeError
from toolkit.practice.http import Answer, Request

HOST = "127.0.0.1"
_LARGEST_BODY = 1_000_000


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class _QuietServer(wsgi.Server):
    """Clients that leave in the middle are no news to an analyst."""

    def error_log(self, *_: Any, **__: Any) -> None: ...


class Server:
    """A web server; `answer` is called for each request, from several threads.

    Raises `PracticeError` if the port is taken.
    """

    def __init__(self, answer: Callable[[Request], Answer], ca_file: Path, port: int) -> None:
        self._answer = answer
        authority = trustme.CA(organization_name="Practice tenant (this computer only)")
        authority.cert_pem.write_to_path(str(ca_file))
        self._server: Any = _QuietServer((HOST, port), self._respond, numthreads=6)
        self._server.shutdown_timeout = 1
        self._server.expiration_interval = 0.1
        self._server.timeout = 30
        certificate = authority.issue_cert(HOST, "localhost")
        # The key touches the disk only while the server reads it.
        with certificate.private_key_and_cert_chain_pem.tempfile() as pem:
            self._server.ssl_adapter = BuiltinSSLAdapter(pem, pem)
        try:
            self._server.prepare()
        except OSError:
            raise PracticeError(f"Port {port} of this computer is not free; choose another or 0.") from None
        self._thread = threading.Thread(target=self._server.serve, name="practice tenant", daemon=True)

    @property
    def url(self) -> str:
        """`https://127.0.0.1:PORT`"""
        return f"https://{HOST}:{self._server.bind_addr[1]}"

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Ends all connections; returns when the port is free."""
        self._server.stop()
        self._thread.join(timeout=5)

    def _respond(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self._answer(_request(environ))
        except Dropped:
            # The one exception that this server takes as "say nothing and close".
            raise errors.FatalSSLAlert("dropped") from None
        body = answer.payload()
        headers = {"Content-Type": "application/json; charset=utf-8"} if body else {}
        headers |= answer.headers | {"Content-Length": str(len(body))}
        if answer.status == 204:
            del headers["Content-Length"]
        start_response(f"{answer.status} {_phrase(answer.status)}", list(headers.items()))
        return _half(body) if answer.cut else [body]


def _half(body: bytes) -> Iterable[bytes]:
    yield body[: max(1, len(body) // 2)]
    raise errors.FatalSSLAlert("broke off")


def _request(environ: dict[str, Any]) -> Request:
    headers = {
        name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")
    }
    length = min(int(environ.get("CONTENT_LENGTH") or 0), _LARGEST_BODY)
    path = str(environ.get("PATH_INFO", "/")).encode("latin-1").decode("utf-8", "replace")
    return Request(
        method=str(environ["REQUEST_METHOD"]).upper(),
        path=path,
        query_text=str(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=environ["wsgi.input"].read(length) if length else b"",
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
