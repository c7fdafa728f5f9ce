"""Signing in by browser: an authorization code for the loopback address, bound to the one who asked (PKCE)."""

from __future__ import annotations

import base64
import hashlib
import html
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from toolkit.practice.http import Answer, Request

CODE_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Code:
    """A code that was given out: for which application, scope, address and challenge, and until when."""

    client: str
    scope: str
    redirect: str
    challenge: str
    nonce: str
    until: datetime


def problem(query: dict[str, str]) -> str:
    """Why a request for a code is refused; "" if it is good."""
    address = urlsplit(query.get("redirect_uri", ""))
    if address.scheme != "http" or address.hostname != "localhost":
        return "AADSTS50011: The redirect URI specified in the request does not match those configured."
    if query.get("response_type") != "code" or query.get("response_mode") != "form_post":
        return "AADSTS70012: This tenant answers with a code by form_post only."
    if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
        return "AADSTS9002325: Proof Key for Code Exchange is required for redemption."
    return ""


def matches(code: Code, form: dict[str, str]) -> bool:
    """Whether a code is redeemed by the one that asked for it, at the same address."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return challenge == code.challenge and form.get("redirect_uri") == code.redirect


def new_code() -> str:
    return "1." + secrets.token_urlsafe(48)


def page(request: Request, fields: dict[str, str]) -> Answer:
    """The page that sends the answer on to the loopback address, as the service's own does, by a form."""
    state = {"state": request.query["state"]} if "state" in request.query else {}
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in (fields | state).items()
    )
    target = html.escape(request.query["redirect_uri"])
    body = (
        f'<!doctype html><title>Signing in</title><form method="post" action="{target}">{hidden}'
        f"<button>Go on</button></form><script>document.forms[0].submit()</script>"
    )
    return Answer(200, body.encode(), {"Content-Type": "text/html; charset=utf-8"})


def error_page(text: str) -> Answer:
    body = f"<!doctype html><title>Sign-in failed</title><p>{html.escape(text)}"
    return Answer(400, body.encode(), {"Content-Type": "text/html; charset=utf-8"})
