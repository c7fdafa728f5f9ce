"""Waits on this computer's loopback address for a browser's answer to a sign-in, and can be stopped at any moment.

MSAL's own listener ends with an answer or when its time is up, and not before; the flow is MSAL's all the same.
Source: RFC 8252, section 7.3; Microsoft identity platform, authorization code flow with response mode form_post.
"""

from __future__ import annotations

import hmac
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs

LARGEST = 64 * 1024  # bytes of an answer
LOOK = 0.2  # seconds after which it is looked whether to stop
DONE = "You are signed in. You can close this window and go back."
NOT_DONE = "The sign-in was not finished. You can close this window and go back."
STRANGER = "This answer belongs to no sign-in that is waiting."
TOO_LATE = "Nobody answered in the browser"


class Listener:
    """A web server for one answer. `address` is where the browser has to send it."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.timeout = LOOK

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    @property
    def address(self) -> str:
        # The portal takes "localhost" only; a port of its own needs no registration.
        return f"http://localhost:{self._server.server_address[1]}"

    def wait(self, state: str, seconds: float, stopped: threading.Event) -> dict[str, str]:
        """The answer to the sign-in of this `state`; empty where somebody stopped waiting. Others are turned away.

        Raises:
            RuntimeError: nobody answered in time.
        """
        self._server.state = state
        until = time.monotonic() + seconds
        while not self._server.answer:
            if stopped.is_set():
                return {}
            if time.monotonic() > until:
                raise RuntimeError(TOO_LATE)
            self._server.handle_request()
        return self._server.answer


class _Server(ThreadingHTTPServer):
    """A thread for each connection: browsers open some that they never use."""

    allow_reuse_address = False
    state = ""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.answer: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        # An answer in an address would stay in the browser's history; Microsoft's page sends a form.
        self._say(NOT_DONE, 400)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self._say(STRANGER, 400)
            return
        fields = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        told = {name: values[0] for name, values in fields.items()}
        ours = hmac.compare_digest(told.get("state", "").encode(), self.server.state.encode())
        if not (ours and self.server.state and ("code" in told or "error" in told)):
            self._say(STRANGER, 400)
            return
        self._say(DONE if "code" in told else NOT_DONE, 200)
        self.server.answer = told

    def _say(self, text: str, status: int) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what the browser sends holds the code."""
