"""Which application a sign-in goes through, and what a person is told about it before they use it."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.tenant.clouds import GRAPH_COMMAND_LINE_APP, Cloud
from toolkit.tenant.permissions import EVIDENCE, EXCHANGE_REMARK, delegated_permissions

EXCHANGE_APP = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
"""Microsoft's public client for Exchange Online PowerShell."""
NAMES = {
    GRAPH_COMMAND_LINE_APP: "Microsoft Graph Command Line Tools",
    EXCHANGE_APP: "Microsoft Exchange REST API Based PowerShell",
}


@dataclass(frozen=True)
class Clients:
    """Application ids: `evidence` for reading, `containment` for changing, `exchange` for Exchange.

    `registered` says that they are the organisation's own: what each may do stands in its registration, so the
    sign-in asks for all of that (`.default`). Microsoft's own clients are asked permission by permission.
    """

    evidence: str
    containment: str
    exchange: str
    registered: bool

    def for_resource(self, resource: str, purpose: str) -> str:
        """The application id for a token."""
        if resource == "exchange" and not self.registered:
            return self.exchange
        return self.evidence if purpose == EVIDENCE else self.containment

    def scopes(self, cloud: Cloud, resource: str, purpose: str) -> list[str]:
        """The scopes to ask for, all of one resource."""
        if self.registered or resource != "graph":
            return [cloud.scope(resource)]
        return [f"{cloud.graph}/{name}" for name in delegated_permissions("graph", purpose, cloud)]


def clients_of(client_id: str = "", containment_client_id: str = "") -> Clients:
    """The organisation's own application (or its two), or Microsoft's public clients for a first look.

    The one for containment may read all that the other may: named alone it is used for both.
    """
    reading, changing = client_id or containment_client_id, containment_client_id or client_id
    if reading:
        return Clients(reading, changing, changing, registered=True)
    return Clients(GRAPH_COMMAND_LINE_APP, GRAPH_COMMAND_LINE_APP, EXCHANGE_APP, registered=False)


def about_clients(clients: Clients, cloud: Cloud, purpose: str = EVIDENCE) -> str:
    """What the screen says before a sign-in: which application, what it asks for, who has to consent. Plain text."""
    if clients.registered:
        own = clients.for_resource("graph", purpose)
        return (
            f"You sign in through your organisation's own application {own}; it may do what its registration in Entra "
            f"says. {EXCHANGE_REMARK}"
        )
    asked = delegated_permissions("graph", purpose, cloud)
    later = " Permissions to change anything are asked for only before the first change." if purpose == EVIDENCE else ""
    return (
        f"You sign in through two public applications of Microsoft's own: {_named(clients.evidence)} for Microsoft "
        f"Graph and {_named(clients.exchange)} for Exchange. An administrator has to consent, once, to these "
        f"permissions for the first one: {', '.join(asked)}.{later} A consent for the whole organisation lets "
        f"everybody in it use the application with them, within what their own role allows: consent for yourself "
        f"alone, or register an application of your own (`python -m toolkit app instructions`). {EXCHANGE_REMARK}"
    )


def _named(client: str) -> str:
    return f"“{NAMES[client]}” ({client})" if client in NAMES else client
