"""Signing in: which way fits here, and what is said about it before anything is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from toolkit.errors import UsageError
from toolkit.tenant.application import ApplicationTokenSource, Ask
from toolkit.tenant.clients import clients_of
from toolkit.tenant.clouds import cloud_named
from toolkit.tenant.local_browser import browser_is_elsewhere
from toolkit.tenant.person import PersonTokenSource
from toolkit.tenant.ready_token import VARIABLES, ReadyTokenSource
from toolkit.tenant.token_cache import place_of, remembered
from toolkit.tenant.tokens import TokenSource
from toolkit.tenant.ways import Browser, DeviceCode, DeviceCodeMessage, Way

_KEPT_BY = {"certificate": "a certificate", "secret": "a secret", "token": "a token of the environment"}
WAYS = ("browser", "device-code", "certificate", "secret", "token")


def sign_in(
    cloud: str = "global",
    *,
    way: str = "",
    tenant: str = "",
    client_id: str = "",
    containment_client_id: str = "",
    certificate: Path | None = None,
    login_hint: str = "",
    prompt: Callable[[str], None] = print,
    asking: Ask | None = None,
    keep: bool = False,
    environ: Mapping[str, str] | None = None,
) -> TokenSource:
    """A source of tokens for a live cloud; nobody is signed in before the first token is needed.

    `way` is one of `WAYS`; "" takes a token that the environment holds, else the certificate if one is named, else
    the browser, or a device code where a browser opened here would not be the person's own. `tenant` is a domain or
    id, needed for apps on their own. `client_id` is the organisation's own application, else Microsoft's public
    clients are used; `containment_client_id` is its second one, which may change things: alone it is used for reading
    too, and an app on its own is one of the two. `prompt` is given whatever
    the person has to read or do (a device code as `DeviceCodeMessage`); `asking` a question whose answer is not shown.
    `keep` keeps a person's sign-in for the next time, encrypted, if the computer can; where it cannot be kept,
    `prompt` is told.

    Raises:
        UsageError: no such cloud or way, something that it needs is missing, or a browser that nobody would see.
    """
    place = cloud_named(cloud)
    given = os.environ if environ is None else environ
    elsewhere = browser_is_elsewhere(given)
    chosen = way or _fitting(certificate, given, elsewhere)
    if chosen not in WAYS:
        raise UsageError(f"There is no way to sign in named {chosen!r}; there are {', '.join(WAYS)}.")
    if keep and chosen not in {"browser", "device-code"}:
        prompt(f"Nothing is kept: only a person's sign-in can be, not one by {_KEPT_BY[chosen]}.")
    if chosen == "token":
        return ReadyTokenSource(place, environ=given)
    if chosen in {"certificate", "secret"}:
        if (chosen == "certificate") != (certificate is not None):
            raise UsageError("Name the certificate's file with `--certificate`, or sign in with a secret, not both.")
        if client_id and containment_client_id and client_id != containment_client_id:
            raise UsageError(
                "An app on its own signs in as one application: name it with `--client-id` or with "
                "`--containment-client-id`, not both."
            )
        alone = client_id or containment_client_id
        return ApplicationTokenSource(
            place, tenant=tenant, client_id=alone, file=certificate, asking=asking, environ=given
        )
    if chosen == "browser" and elsewhere:
        raise UsageError(
            f"A browser opened here would not be yours, because {elsewhere}: sign in with `--sign-in device-code`; "
            f"where device codes are blocked, with a certificate, or run this on a computer of your own."
        )
    if chosen == "device-code" and not way:
        prompt(f"You sign in by device code, because {elsewhere}: a browser opened here would not be yours.")
    cache = None
    if keep:
        cache, said = remembered(place_of(place))
        prompt(said)
    how: Way = Browser(prompt) if chosen == "browser" else DeviceCode(_told(prompt))
    clients = clients_of(client_id, containment_client_id)
    return PersonTokenSource(place, clients, how, tenant=tenant, login_hint=login_hint, cache=cache)


def _fitting(certificate: Path | None, environ: Mapping[str, str], elsewhere: str) -> str:
    if any(environ.get(name) for name in VARIABLES.values()):
        return "token"
    if certificate is not None:
        return "certificate"
    return "device-code" if elsewhere else "browser"


def _told(prompt: Callable[[str], None]) -> Callable[[DeviceCodeMessage], None]:
    def tell(message: DeviceCodeMessage) -> None:
        prompt(message)

    return tell
