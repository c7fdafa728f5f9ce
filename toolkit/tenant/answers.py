"""What comes back: an answer without its request, and error texts read out of Graph's and Exchange's bodies."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from toolkit.errors import TenantAnswer
from toolkit.tenant.secret import Secret

LONGEST_TEXT = 300
ACTIVITY = "/activity/feed"
_URL_SAFE = str.maketrans("-_", "+/")
WORKSPACES = "/v1/workspaces/"


@dataclass(frozen=True)
class Answer:
    """A service's answer: HTTP `status`, parsed `data` ({} if none), the server's own `date` (UTC).

    `client_request_id` is the GUID we sent, `request_id` the service's; `location` is where an operation that was
    only accepted (202) can be asked about; `content` the body byte for byte. A list, as the activity API answers it,
    is `data["value"]`.
    """

    status: int
    date: datetime | None
    client_request_id: str
    request_id: str
    data: dict[str, Any] = field(repr=False)
    location: str = ""
    content: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of a list.

        Raises:
            TenantAnswer: there is no list in it.
        """
        value = self.data.get("value")
        if not isinstance(value, list):
            raise self.error(f"A page has no list of records, but {type(value).__name__}", "InvalidBody")
        return [row for row in value if isinstance(row, dict)]

    def error(self, text: str, code: str) -> TenantAnswer:
        """What is wrong with this answer as an error, which cites the call; `text` is without its full stop."""
        ours = f" (client-request-id {self.client_request_id})" if self.client_request_id else ""
        return TenantAnswer(f"{text}{ours}.", status=self.status, code=code, request_id=self.request_id)


@dataclass(frozen=True)
class Rows:
    """What a list was: its `rows`, and the server's `date` (UTC) of the answer.

    `cut` says why there are, or may be, more rows than these, in a sentence; it is "" where the list is whole.
    """

    rows: list[dict[str, Any]]
    date: datetime | None
    cut: str = ""

    @property
    def whole(self) -> Rows:
        """The same rows, for whoever concludes something from what is not among them.

        Raises:
            TenantAnswer: there may be more.
        """
        if self.cut:
            raise TenantAnswer(self.cut, status=200, code="Incomplete")
        return self


def answer_of(response: requests.Response, client_request_id: str) -> Answer:
    """The answer of a successful response.

    Raises:
        TenantAnswer: the body is not the JSON object it should be (cut, or from something in between).
    """
    data: Any = {}
    if response.content:
        try:
            data = json.loads(response.content)
        except ValueError:
            data = None
    if isinstance(data, list) and ACTIVITY in urlsplit(response.url).path:
        data = {"value": data}
    if not isinstance(data, dict):
        said = f"{_service(response)} answered {response.status_code} with a body that is not whole JSON"
        raise TenantAnswer(
            f"{said}{cited(response)}.",
            status=response.status_code,
            code="InvalidBody",
            request_id=response.headers.get("request-id", ""),
        )
    return Answer(
        status=response.status_code,
        date=date_of(response),
        client_request_id=client_request_id,
        request_id=response.headers.get("request-id", ""),
        data=data,
        location=response.headers.get("Location", ""),
        content=response.content,
        headers=response.headers,
    )


def error_of(response: requests.Response, method: str, secret: Secret | None = None) -> TenantAnswer:
    """One clear sentence from an error answer; the secret of the call is cut out should the service repeat it."""
    code, text = _reading(response)
    if response.status_code == 403 and not text:
        text = "not allowed, or no such cmdlet: the operator's role does not offer it"
    if 300 <= response.status_code < 400:
        text = "a redirect, which is not followed because it could carry the token elsewhere"
    if secret is not None:
        text = text.replace(secret.reveal(), "(hidden)")
    path = urlsplit(response.url).path
    named = f"{response.status_code} {code}".strip()
    return TenantAnswer(
        f"{_service(response)} answered {named} to {method} {path}: {text or 'no reason given'}{cited(response)}",
        status=response.status_code,
        code=code,
        request_id=response.headers.get("request-id", ""),
    )


def cited(response: requests.Response) -> str:
    """Under which id we sent the request, as error texts say it."""
    ours = response.request.headers.get("client-request-id", "") if response.request is not None else ""
    return f" (client-request-id {ours})" if ours else ""


def date_of(response: requests.Response) -> datetime | None:
    """The server's clock (`Date`), to the second."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None


def retry_after(response: requests.Response, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks to wait (as a number or a date); None if it does not say."""
    given = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", given):
        return float(given)
    try:
        return max(0.0, (parsedate_to_datetime(given) - (date_of(response) or now)).total_seconds())
    except (ValueError, TypeError):
        return None


def throttled(response: requests.Response) -> bool:
    """Whether a refusal only means “too often”: the activity API says that with a 403 too."""
    return response.status_code == 403 and _reading(response)[0] == "AF429"


def claims_challenge(response: requests.Response) -> str | None:
    """The claims that continuous access evaluation asks for in a 401, decoded; None without one."""
    found = re.search(r'claims="([^"]+)"', response.headers.get("WWW-Authenticate", ""))
    if not found:
        return None
    text = found.group(1)
    plain = text.rstrip("=").translate(_URL_SAFE)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except ValueError:
        return text


def _reading(response: requests.Response) -> tuple[str, str]:
    try:
        document = json.loads(response.content)
        # The audit search says what is wrong at the top, without `error` around it.
        error = document.get("error", {"code": document.get("Status", ""), "message": document.get("Message")})
    except (ValueError, AttributeError):
        return "", ""
    if not isinstance(error, dict):
        return str(error)[:80], ""
    inner = error.get("innererror") or error.get("innerError") or {}
    if WORKSPACES in urlsplit(response.url).path:
        error = _innermost(error)
    internal = inner.get("internalexception") if isinstance(inner, dict) else None
    # Exchange's own message only says "Error executing cmdlet"; the reason stands further in.
    candidates = [internal.get("message") if isinstance(internal, dict) else ""]
    details = error.get("details")
    if isinstance(details, list):
        candidates += [str(d.get("message", "")).rsplit("|", 1)[-1] for d in details if isinstance(d, dict)]
    candidates.append(error.get("message"))
    text = next((str(c) for c in candidates if c), "")
    kind = str(internal.get("type") or "").rpartition(".")[2] if isinstance(internal, dict) else ""
    return (kind or str(error.get("code", "")))[:80], tidy(text)


def _innermost(error: dict[str, Any]) -> dict[str, Any]:
    """Log Analytics says outside that something is wrong with a query, and inside what."""
    found = error
    for _ in range(5):
        inner = found.get("innererror")
        if not isinstance(inner, dict) or not inner.get("code"):
            break
        found = {"message": found.get("message")} | inner
    return found


def tidy(text: str) -> str:
    """One line without control characters, not longer than 300."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _service(response: requests.Response) -> str:
    path = urlsplit(response.url).path
    names = {"/adminapi/": "Exchange", ACTIVITY: "The Management Activity API", WORKSPACES: "Log Analytics"}
    return next((name for part, name in names.items() if part in path), "Microsoft Graph")
