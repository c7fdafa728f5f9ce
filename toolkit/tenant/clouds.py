"""Where each Microsoft cloud answers and what it lacks; the practice tenant is one more row, read from its case."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import PracticeError, UsageError
from toolkit.tenant.practice_folder import is_running

GRAPH_COMMAND_LINE_APP = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft's own public client for Graph command lines; a tenant may prefer an app of its own."""
PRACTICE = "practice"
RESOURCES = {
    "graph": "Microsoft Graph",
    "exchange": "Exchange",
    "management": "the Management Activity API",
    "log-analytics": "Log Analytics",
}
"""The services that are spoken to, by the name under which a token for each is asked for."""


@dataclass(frozen=True)
class Cloud:
    """One cloud: base addresses without a trailing slash (`https://host`), as in Microsoft's own tables.

    An address is "" where Microsoft documents none. `ca_file`, `tenant_id`, `tenant_domain` and `client_id` are
    known beforehand only for the practice tenant.
    Source: "National cloud deployments" (Microsoft Graph), "Exchange Online Admin API", "Office 365 Management
    Activity API reference"; the Log Analytics hosts are known by use only.
    """

    name: str
    login: str
    graph: str
    exchange: str
    management: str = ""
    log_analytics: str = ""
    title: str = ""
    practice: bool = False
    ca_file: str = ""
    tenant_id: str = ""
    tenant_domain: str = ""
    client_id: str = GRAPH_COMMAND_LINE_APP

    def base(self, resource: str) -> str:
        """The address of one of `RESOURCES`.

        Raises:
            UsageError: this cloud has no such address.
        """
        address = self._addresses()[resource]
        if not address:
            raise UsageError(f"No address of {RESOURCES[resource]} is documented for {self.title or self.name}.")
        return address

    def has(self, resource: str) -> bool:
        """Whether the cloud has an address of one of `RESOURCES`."""
        return bool(self._addresses()[resource])

    def scope(self, resource: str) -> str:
        """The token scope of one of `RESOURCES`: always a host of the same cloud."""
        return f"{self.base(resource)}/.default"

    def resource_of(self, url: str) -> str | None:
        """Which of `RESOURCES` an address belongs to; None for any address that is not this cloud's."""
        roads = {
            "exchange": ("/adminapi/",),
            "graph": ("/v1.0/", "/beta/"),
            "management": ("/api/v1.0/", "/api/v1/"),
            "log-analytics": ("/v1/workspaces/",),
        }
        for resource, paths in roads.items():
            address = self._addresses()[resource]
            if address and url.startswith(tuple(f"{address}{path}" for path in paths)):
                return resource
        return None

    def _addresses(self) -> dict[str, str]:
        return {
            "graph": self.graph,
            "exchange": self.exchange,
            "management": self.management,
            "log-analytics": self.log_analytics,
        }


_LIVE = (
    Cloud(
        "global",
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://outlook.office365.com",
        "https://manage.office.com",
        "https://api.loganalytics.azure.com",
        "the global cloud",
    ),
    Cloud(
        "gcc",
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://outlook.office365.com",
        "https://manage-gcc.office.com",
        "https://api.loganalytics.azure.com",
        "the US Government cloud GCC",
    ),
    Cloud(
        "gcc-high",
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "https://outlook.office365.us",
        "https://manage.office365.us",
        "https://api.loganalytics.us",
        "the US Government cloud GCC High",
    ),
    Cloud(
        "dod",
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "https://outlook-dod.office365.us",
        "https://manage.protection.apps.mil",
        "https://api.loganalytics.us",
        "the US Government cloud DoD",
    ),
    Cloud(
        "china",
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://outlook.office365.cn",
        "",
        "https://api.loganalytics.azure.cn",
        "the cloud in China (21Vianet)",
    ),
)
CLOUDS = {cloud.name: cloud for cloud in _LIVE}


@dataclass(frozen=True)
class Lack:
    """What some clouds do not have: `pattern` finds it in an operation (a Graph path, a cmdlet, a resource)."""

    clouds: tuple[str, ...]
    pattern: re.Pattern[str]
    what: str
    instead: str


_GOVERNMENT = ("gcc-high", "dod")
_CHINA = ("china",)
LACKS: tuple[Lack, ...] = (
    Lack(
        _GOVERNMENT,
        re.compile(r"/security/auditLog/queries"),
        "The audit search of Microsoft Graph",
        "use Search-UnifiedAuditLog or the Management Activity API",
    ),
    Lack(
        _CHINA,
        re.compile(r"/security/auditLog/queries|^Search-UnifiedAuditLog$"),
        "The unified audit log by Microsoft Graph or by cmdlet",
        "use an export from the Purview portal, and load the file",
    ),
    Lack(
        (*_GOVERNMENT, *_CHINA),
        re.compile(r"/admin/exchange/tracing/messageTraces"),
        "The message trace of Microsoft Graph",
        "use Get-MessageTraceV2",
    ),
    Lack(
        _CHINA,
        re.compile(r"^management$|/activity/feed"),
        "The Management Activity API",
        "use an export from the Purview portal, and load the file",
    ),
    Lack(
        _CHINA,
        re.compile(r"/identityProtection/"),
        "Identity Protection by Microsoft Graph",
        "use the risk reports of the Entra portal, and load their files",
    ),
    Lack(
        _CHINA,
        re.compile(r"/security/secureScore"),
        "Secure Score",
        "use the notebook's own checks; nothing takes the place of the score",
    ),
    Lack(
        _CHINA,
        re.compile(r"/resetPassword$"),
        "The password reset with writeback",
        "use the plain password reset, and reset the password on premises too",
    ),
    Lack(
        _CHINA,
        re.compile(r"/messageRules"),
        "Reading and changing inbox rules by Microsoft Graph",
        "use Get-InboxRule and Disable-InboxRule",
    ),
    Lack(
        _CHINA,
        re.compile(r"/(fido2Methods|temporaryAccessPassMethods)"),
        "Passkeys and Temporary Access Passes by Microsoft Graph",
        "use the Entra portal",
    ),
)
"""Source: the v1.0 metadata of Microsoft Graph for each cloud, and the audit documentation. GCC lacks nothing here."""


def lacks(cloud: Cloud, operation: str) -> str:
    """Why an operation cannot be had in a cloud and what to use in its place; "" where nothing speaks against it.

    `operation` is a Graph path (`/security/secureScores`, with or without its version), a cmdlet's name, or a
    resource (`management`).
    """
    for lack in LACKS:
        if cloud.name in lack.clouds and lack.pattern.search(operation):
            return f"{lack.what} is not available in {cloud.title}: {lack.instead}."
    return ""


def cloud_named(name: str) -> Cloud:
    """A live cloud of the table.

    Raises:
        UsageError: there is no cloud of that name.
    """
    if name not in CLOUDS:
        raise UsageError(f"There is no cloud named {name!r}; the names are {', '.join([*CLOUDS, PRACTICE])}.")
    return CLOUDS[name]


def practice_cloud(case_folder: Path) -> Cloud:
    """The practice tenant of a case, from `<case>/practice/endpoint.json`.

    Raises:
        PracticeError: the case has no practice tenant, it does not run, or the file cannot be read.
    """
    file = case_folder / "practice" / "endpoint.json"
    try:
        if not is_running(file.parent):
            raise FileNotFoundError(file)  # one that was killed leaves its address behind
        about = json.loads(file.read_text("utf-8"))
        login = str(about["login"]).rstrip("/")
        return Cloud(
            name=PRACTICE,
            login=login,
            graph=str(about["graph"]).rstrip("/"),
            exchange=str(about["exchange"]).rstrip("/"),
            management=str(about.get("manage", f"{login}/manage")).rstrip("/"),
            log_analytics=str(about.get("loganalytics", f"{login}/loganalytics")).rstrip("/"),
            title="the practice tenant",
            practice=True,
            ca_file=str(about["ca_file"]),
            tenant_id=str(about["tenant_id"]),
            tenant_domain=str(about["tenant_domain"]),
            client_id=str(about["client_id"]),
        )
    except FileNotFoundError:
        pass
    except (KeyError, ValueError, TypeError, OSError):
        raise PracticeError(f"{file} cannot be read; stop the practice tenant and start it again.") from None
    raise PracticeError(
        f"No practice tenant is running for the case in {case_folder}; start it with `python -m toolkit lab`."
    )
