"""MSAL as it is used here: with time limits, without its log of answers, and without its memory of refusals."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from msal.exceptions import MsalServiceError

from toolkit.errors import NothingSent, SignInFailed
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.sign_in_errors import sentence

CAPABILITIES = ["CP1"]
"""We handle claims challenges, so the service may give tokens that live long and can be revoked at once."""
SECONDS = (10, 60)
_NO_TENANT = "double check your tenant name or GUID"  # MSAL's words where discovery fails
_Said = TypeVar("_Said")
# At the level DEBUG, MSAL logs the answer of the browser, and with it the authorization code.
logging.getLogger("msal").setLevel(logging.WARNING)


class _Timed(requests.Session):
    """MSAL sets no time limit of its own on this client."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", SECONDS)
        return super().request(*args, **kwargs)


def http_client(ca_file: str) -> requests.Session:
    """What MSAL speaks through; `ca_file` is the practice tenant's certificate authority, "" for Microsoft's."""
    session = _Timed()
    if ca_file:
        # Without this, REQUESTS_CA_BUNDLE and proxies of the environment win over the practice tenant's CA.
        session.trust_env = False
        session.verify = ca_file
    return session


def settings(cloud: Cloud, tenant: str, http_cache: dict[str, Any]) -> dict[str, Any]:
    """The arguments that every MSAL application here has."""
    return {
        "authority": f"{cloud.login}/{tenant}",
        "http_client": http_client(cloud.ca_file),
        # The hosts of the table are known; asking about them would go to the global cloud.
        "instance_discovery": False,
        "http_cache": http_cache,
        "client_capabilities": CAPABILITIES,
    }


def forget_refusals(http_cache: dict[str, Any]) -> None:
    """Drop what MSAL would replay: for 60 s it answers the very same request that got a 400 from memory.

    So a consent given meanwhile, or a permission put right, shows at once. What it keeps after 429 and 5xx stays.
    """
    for key in [key for key in list(http_cache) if key.endswith(" 400")]:
        http_cache.pop(key, None)


def ask(cloud: Cloud, question: Callable[[], _Said], tenant: str = "") -> _Said:
    """What MSAL answers; `tenant` is named where MSAL does not find it.

    Raises:
        NothingSent: the sign-in service cannot be reached, cannot answer, or gave something else than a sign-in.
        SignInFailed: there is no such tenant, or nobody finished the sign-in in the browser.
    """
    failure: type[NothingSent] | type[SignInFailed] = NothingSent
    try:
        return question()
    except requests.RequestException:
        running = (
            "is the practice tenant running?" if cloud.practice else "is there a connection, or a proxy to be set?"
        )
        text = f"The sign-in service at {cloud.login} does not answer; {running}"
    except MsalServiceError:
        text = f"The sign-in service at {cloud.login} cannot answer now; try again later."
    except ValueError as error:
        text = f"The sign-in service at {cloud.login} gave an answer that is not a sign-in."
        if _NO_TENANT in str(error):
            failure = SignInFailed
            text = sentence({"error_codes": [90002]}, way="", client="", tenant=tenant)
    except RuntimeError:
        failure, text = SignInFailed, "Nobody finished the sign-in in the browser in time; sign in again."
    # Raised outside the handlers: the caught error holds the request, and with it the code or token.
    raise failure(text)
