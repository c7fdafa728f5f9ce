"""An analyst's program for tests: signs in with the real MSAL, trusts the tenant's CA and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msal
import requests

from toolkit import practice

VICTIM = "katrin.vogel@contoso.com"


class Clock:
    """Real seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Client:
    """An analyst's program: signs in with MSAL, then speaks to Graph and Exchange."""

    tenant: practice.PracticeTenant
    about: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = str(self.tenant.ca_file)
        self.app = msal.PublicClientApplication(
            self.about["client_id"],
            authority=f"{self.about['login']}/{self.about['tenant_id']}",
            instance_discovery=False,
            http_client=self.session,
            http_cache={},
        )

    def sign_in(self, resource: str = "graph") -> dict[str, Any]:
        flow = self.app.initiate_device_flow(scopes=[f"{self.about[resource]}/.default"])
        return dict(self.app.acquire_token_by_device_flow(flow))

    def token(self, resource: str) -> str:
        scopes = [f"{self.about[resource]}/.default"]
        accounts = self.app.get_accounts()
        got = self.app.acquire_token_silent(scopes, account=accounts[0]) if accounts else None
        return str((got or self.sign_in(resource))["access_token"])

    def application_token(self, resource: str = "graph") -> str:
        """A token of the application itself, as a program without a person gets it."""
        app = msal.ConfidentialClientApplication(
            self.about["client_id"],
            client_credential="any secret is good here",
            authority=f"{self.about['login']}/{self.about['tenant_id']}",
            instance_discovery=False,
            http_client=self.session,
        )
        return str(app.acquire_token_for_client([f"{self.about[resource]}/.default"])["access_token"])

    def as_application(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.application_token()}"}
        return self.session.request(method, self.about["graph"] + path, headers=headers, timeout=60, **how)

    def graph(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token('graph')}"} | how.pop("headers", {})
        return self.session.request(method, self.about["graph"] + path, headers=headers, timeout=60, **how)

    def cmdlet(self, cmdlet: str, *, anchor: str = f"UPN:{VICTIM}", **parameters: Any) -> requests.Response:
        return self.session.post(
            f"{self.about['exchange']}/adminapi/beta/{self.about['tenant_id']}/InvokeCommand",
            json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}},
            headers={"Authorization": f"Bearer {self.token('exchange')}", "X-AnchorMailbox": anchor},
            timeout=60,
        )

    def rules(self, mailbox: str = VICTIM, *, hidden: bool = True) -> dict[str, dict[str, Any]]:
        rows = self.cmdlet("Get-InboxRule", Mailbox=mailbox, IncludeHidden=hidden).json()["value"]
        return {row["Name"]: row for row in rows}


def client_of(tenant: practice.PracticeTenant) -> Client:
    return Client(tenant, json.loads(tenant.endpoint_file.read_text(encoding="utf-8")))
