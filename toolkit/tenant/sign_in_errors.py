"""Why a sign-in did not work and what to do: one sentence for each error that MSAL hands over as a dict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toolkit.tenant.answers import tidy

DEVICE_CODE = "device code"
BROWSER = "browser"
APP_ONLY = "app-only"
OTHER_WAYS = {
    DEVICE_CODE: "Many organisations block device codes: sign in in a browser on a computer of your own "
    "(`--sign-in browser`), or with a registered application and a certificate (`--certificate`)",
    BROWSER: "Sign in from a device and a place that the organisation allows, or with a registered application and a "
    "certificate (`--certificate`)",
}
_MULTI_FACTOR = "Multi-factor authentication is needed and was not done: sign in again and complete it on the page"
_DECLINED = "The sign-in was declined on the page: sign in again if that was not meant"
_MANAGED = "Conditional Access asks for a device that {wants}, and this sign-in came from none. {{other}}"
_SAID = {
    50076: _MULTI_FACTOR,
    50079: "The account has to set up multi-factor authentication first: sign in once in a browser, set it up, and "
    "sign in here again",
    50097: _MANAGED.format(wants="proves which one it is"),
    50105: "You are not assigned to the application {client}: an administrator assigns you in Entra, Enterprise "
    "applications, its name, Users and groups",
    53000: _MANAGED.format(wants="complies with the organisation's policies"),
    53001: _MANAGED.format(wants="is joined to the organisation's domain"),
    530003: _MANAGED.format(wants="the organisation manages"),
    53003: "Conditional Access does not allow this sign-in. {other}",
    65001: "Nobody has consented to what the application {client} asks for: an administrator has to, once; "
    "`python -m toolkit app instructions` says how",
    65002: "Microsoft's application {client} may not ask for this service: register one of your own (`python -m "
    "toolkit app instructions`) and name it with `--client-id`",
    65004: _DECLINED,
    70016: "The sign-in is not finished: enter the code on the page that was named, then go on",
    70020: "The code ran out before it was entered: sign in again, and enter the new code within 15 minutes",
    700016: "There is no application {client} in the tenant {tenant}: check `--client-id` and `--tenant`, or register "
    "one (`python -m toolkit app instructions`)",
    7000215: "The client secret is wrong: give the secret's value and not its id, and see in the portal whether it has "
    "run out",
    700027: "The certificate is not the one that is registered for the application {client}: upload its public part "
    "in the portal, and see whether it has run out",
    7000218: "The application {client} is not set up for people to sign in through: in its registration in Entra, "
    "Authentication, allow public client flows (device codes need that) and have http://localhost under Mobile and "
    "desktop applications (a browser needs that)",
    7000222: "The client secret has run out: make a new one in the registration of {client}, Certificates & secrets, "
    "or sign in with a certificate (`--certificate`)",
    650057: "The registration of the application {client} does not have this service among its API permissions: add "
    "it and consent to it; `python -m toolkit app instructions` says which",
    90002: "There is no tenant {tenant} in this cloud: check `--tenant` and `--cloud`",
    90094: "What the application {client} asks for only an administrator can consent to: have one do it, once, for the "
    "organisation; `python -m toolkit app instructions` says how",
}
_BY_NAME = {
    "authorization_pending": 70016,
    "expired_token": 70020,
    "code_expired": 70020,
}


def sentence(answer: Mapping[str, Any], *, way: str, client: str, tenant: str) -> str:
    """One clear sentence for an error answer of MSAL: what happened, the code, what to do.

    `way` is how the sign-in was tried (`DEVICE_CODE` …), `client` and `tenant` are named where they matter. The
    service's own words are used only for codes that are not known here: one line, without control characters.
    """
    error = str(answer.get("error") or "no token")
    number = code_of(answer)
    if number in _SAID:
        told = _SAID[number].format(
            other=OTHER_WAYS.get(way, "Ask who keeps its policies"), client=client, tenant=tenant
        )
        return f"{told} (AADSTS{number})."
    if error == "authorization_declined" or (error == "access_denied" and number is None):
        return f"{_DECLINED} ({error})."
    first = str(answer.get("error_description") or "").splitlines()[:1]
    return tidy(f"Sign-in failed ({error}): {first[0] if first else 'no reason given'}")


def code_of(answer: Mapping[str, Any]) -> int | None:
    """The AADSTS number of an error answer, by its list of codes, its description, or the protocol's own name."""
    for given in answer.get("error_codes") or []:
        if str(given).isdigit() and int(given) in _SAID:
            return int(given)
    found = re.search(r"AADSTS(\d+)", str(answer.get("error_description") or ""))
    return int(found.group(1)) if found else _BY_NAME.get(str(answer.get("error")))
