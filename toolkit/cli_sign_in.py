"""The options with which a command signs in to a real tenant, and the source of tokens that they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import SignInFailed

if TYPE_CHECKING:
    from toolkit.tenant import Secret, TokenSource

# Named here too, so that the help of a command loads nothing of what signs in.
CLOUD_NAMES = ("global", "gcc", "gcc-high", "dod", "china")

_WAYS = ("browser", "device-code", "certificate", "secret", "token")
_OPTIONS = (
    click.option("--cloud", type=click.Choice(CLOUD_NAMES), default="global", show_default=True, help="Whose cloud."),
    click.option("--sign-in", "way", type=click.Choice(_WAYS), help="How to sign in (default: what fits here)."),
    click.option("--tenant", "tenant_name", metavar="DOMAIN", help="The tenant's domain or id; apps need it."),
    click.option("--client-id", metavar="ID", help="Your own application (default: Microsoft's public ones)."),
    click.option("--containment-client-id", metavar="ID", help="Your own application that may change things."),
    click.option(
        "--certificate",
        type=click.Path(path_type=Path, dir_okay=False),
        help="An app signs in on its own: its certificate with key, PEM or PFX.",
    ),
    click.option("--keep-sign-in", is_flag=True, help="Keep it for the next time, encrypted by this computer."),
)

_BY_PERSON = click.option(
    "--sign-in", "way", type=click.Choice(("browser", "device-code", "token")), help="How to sign in."
)


def sign_in_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the options of signing in; it hands them on to `tokens_of` as they are.

    Names: cloud, way, tenant_name, client_id, containment_client_id, certificate, keep_sign_in. Secrets are no
    options: they come from the environment or are asked for.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def person_signs_in(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for what only a person should do: without the certificate and the secret of an app on its own."""
    kept = (_OPTIONS[0], _BY_PERSON, *_OPTIONS[2:5], _OPTIONS[6])
    for option in reversed(kept):
        command = option(command)
    return command


def tokens_of(
    *,
    cloud: str,
    way: str | None,
    tenant_name: str | None,
    client_id: str | None,
    containment_client_id: str | None,
    certificate: Path | None = None,
    keep_sign_in: bool,
    purpose: str = "",
) -> TokenSource:
    """The source of tokens that the options name; whatever the person must read goes to standard error.

    `purpose` is one of `permissions.ASKED_FOR`: a person signs in here and now, for all of its permissions, to Graph
    and (not for registering) to Exchange, so that nobody is asked in the middle of a plan. Without it reading is asked
    for, when the first token is needed.

    Raises:
        UsageError, SignInFailed: see `toolkit.tenant.sign_in`; the sign-in for the purpose did not work.
    """
    from toolkit.tenant import sign_in
    from toolkit.tenant.clients import about_clients, clients_of
    from toolkit.tenant.clouds import cloud_named
    from toolkit.tenant.permissions import REGISTRATION
    from toolkit.tenant.person import PersonTokenSource

    source = sign_in(
        cloud,
        way=way or "",
        tenant=tenant_name or "",
        client_id=client_id or "",
        containment_client_id=containment_client_id or "",
        certificate=certificate,
        prompt=lambda text: click.echo(text, err=True),
        asking=_asking,
        keep=keep_sign_in,
    )
    if not purpose or not isinstance(source, PersonTokenSource):
        click.echo(source.about, err=True)
        return source
    clients = clients_of(client_id or "", containment_client_id or "")
    click.echo(about_clients(clients, cloud_named(cloud), purpose), err=True)
    source.widen(purpose)
    source.token("graph")
    if purpose != REGISTRATION:
        try:
            source.token("exchange")
        except SignInFailed as error:  # blocking, resetting and revoking need no Exchange
            click.echo(f"Exchange: {error} Nothing in the mailbox can be read or changed.", err=True)
    return source


def _asking(question: str) -> Secret:
    from toolkit.tenant import Secret

    return Secret(click.prompt(question, hide_input=True, default="", show_default=False, err=True))
