"""How a person signs in: by a code on any device, or in a browser on this computer. The flows are MSAL's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from toolkit.tenant.local_browser import open_browser
from toolkit.tenant.loopback import Listener
from toolkit.tenant.sign_in_errors import BROWSER, DEVICE_CODE

BROWSER_SECONDS = 300


class DeviceCodeMessage(str):
    """What the person has to do, in the service's words; with the `user_code` and the `page` where it goes."""

    user_code: str
    page: str

    def __new__(cls, text: str, user_code: str = "", page: str = "") -> DeviceCodeMessage:
        made = super().__new__(cls, text)
        made.user_code, made.page = user_code, page
        return made


class Way(Protocol):
    """How a person signs in; `name` is one of `sign_in_errors`."""

    name: str

    def sign_in(self, app: Any, scopes: list[str], *, claims: str | None, hint: str) -> dict[str, Any]:
        """MSAL's answer: with an access token, or with an error."""
        ...

    def cancel(self) -> None:
        """End a sign-in that is waiting, from another thread."""
        ...


class DeviceCode:
    """The person types a short code into a page on any device; `prompt` is given the message that says so."""

    name = DEVICE_CODE

    def __init__(self, prompt: Callable[[DeviceCodeMessage], None] | None = None) -> None:
        self._prompt = prompt
        self._flow: dict[str, Any] = {}
        self._cancelled = False

    def sign_in(self, app: Any, scopes: list[str], *, claims: str | None, hint: str) -> dict[str, Any]:
        self._cancelled = False
        flow = app.initiate_device_flow(scopes=scopes, claims_challenge=claims)
        if "user_code" not in flow:
            return dict(flow)
        self._flow = flow
        if self._prompt:
            page = str(flow.get("verification_uri", ""))
            self._prompt(DeviceCodeMessage(str(flow.get("message", "")), str(flow["user_code"]), page))
        if self._cancelled:
            return {"error": "cancelled"}
        answer = dict(app.acquire_token_by_device_flow(flow, claims_challenge=claims))
        if "access_token" not in answer and self._cancelled:
            return {"error": "cancelled"}
        if answer.get("error") == "authorization_pending":
            return {"error": "expired_token"}  # MSAL stopped asking because the code's time was up
        return answer

    def cancel(self) -> None:
        self._cancelled = True
        self._flow["expires_at"] = 0


class Browser:
    """A browser on this computer, whose answer is waited for on a loopback address; the flow is MSAL's.

    `prompt` is given the address to open by hand where no browser could be started.
    """

    name = BROWSER

    def __init__(self, prompt: Callable[[str], None] | None = None, seconds: float = BROWSER_SECONDS) -> None:
        self._prompt = prompt
        self._seconds = seconds
        self._stopped = threading.Event()

    def sign_in(self, app: Any, scopes: list[str], *, claims: str | None, hint: str) -> dict[str, Any]:
        self._stopped.clear()
        with Listener() as listener:
            flow = app.initiate_auth_code_flow(
                scopes,
                redirect_uri=listener.address,
                response_mode="form_post",
                prompt=None if hint else "select_account",
                login_hint=hint or None,
                claims_challenge=claims,
            )
            if "auth_uri" not in flow:
                return dict(flow)
            # A browser of the terminal runs until somebody leaves it.
            threading.Thread(target=self._show, args=(str(flow["auth_uri"]),), daemon=True, name="browser").start()
            answer = listener.wait(str(flow["state"]), self._seconds, self._stopped)
        if not answer:
            return {"error": "cancelled"}
        return dict(app.acquire_token_by_auth_code_flow(flow, answer))

    def _show(self, address: str) -> None:
        if not open_browser(address) and self._prompt:
            self._prompt(f"No browser could be started. Open this address on this computer: {address}")

    def cancel(self) -> None:
        """The window in the browser stays open; what is typed there reaches nobody."""
        self._stopped.set()
