"""Where each Microsoft cloud answers, in one table; the practice tenant is one more row, read from its case."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import PracticeError, UsageError

GRAPH_COMMAND_LINE_APP = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft's own public client for Graph command lines; a tenant may prefer an app of its own."""
PRACTICE = "practice"


@dataclass(frozen=True)
class Cloud:
    """One cloud: base addresses without a trailing slash (`https://host`), as in Microsoft's own tables.

    `ca_file`, `tenant_id`, `tenant_domain` and `client_id` are known beforehand only for the practice tenant.
    Source: "National cloud deployments" (Microsoft Graph), "Exchange Online Admin API".
    """

    name: str
    login: str
    graph: str
    exchange: str
    practice: bool = False
    ca_file: str = ""
    tenant_id: str = ""
    tenant_domain: str = ""
    client_id: str = GRAPH_COMMAND_LINE_APP

    def base(self, resource: str) -> str:
        """The address of `graph` or `exchange`."""
        return {"graph": self.graph, "exchange": self.exchange}[resource]

    def scope(self, resource: str) -> str:
        """The token scope of `graph` or `exchange`: always a host of the same cloud."""
        return f"{self.base(resource)}/.default"

    def resource_of(self, url: str) -> str | None:
        """Which resource an address belongs to; None for any address that is not this cloud's."""
        if url.startswith(f"{self.exchange}/adminapi/"):
            return "exchange"
        if url.startswith((f"{self.graph}/v1.0/", f"{self.graph}/beta/")):
            return "graph"
        return None


_LIVE = (
    Cloud(
        "global",
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://outlook.office365.com",
    ),
    Cloud("gcc", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://outlook.office365.com"),
    Cloud(
        "gcc-high",
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "https://outlook.office365.us",
    ),
    Cloud(
        "dod",
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "https://outlook-dod.office365.us",
    ),
    Cloud(
        "china",
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://outlook.office365.cn",
    ),
)
CLOUDS = {cloud.name: cloud for cloud in _LIVE}


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
        PracticeError: the case has no practice tenant, or the file cannot be read.
    """
    file = case_folder / "practice" / "endpoint.json"
    try:
        about = json.loads(file.read_text("utf-8"))
        return Cloud(
            name=PRACTICE,
            login=str(about["login"]).rstrip("/"),
            graph=str(about["graph"]).rstrip("/"),
            exchange=str(about["exchange"]).rstrip("/"),
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
