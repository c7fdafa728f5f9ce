"""`python -m toolkit app`: how the toolkit's own applications are registered in a tenant."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import click

from toolkit.cli_sign_in import CLOUD_NAMES

PURPOSES = ("evidence", "containment")


@click.group(short_help="Register the toolkit's own applications in Entra.")
def app() -> None:
    """Applications of your own in Entra, in place of Microsoft's public clients."""


@app.command(short_help="How to register them by hand, or with PowerShell.")
@click.option("--for", "purpose", type=click.Choice(PURPOSES), help="One of the two (default: both).")
@click.option("--app-only", is_flag=True, help="For an app that works on its own, with a certificate.")
@click.option(
    "--cloud", type=click.Choice(CLOUD_NAMES), default="global", show_default=True, help="The tenant's cloud."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def instructions(purpose: str | None, app_only: bool, cloud: str, as_json: bool) -> None:
    """How to register them with the least permissions: steps, and the same as PowerShell. Changes nothing."""
    from toolkit.tenant.clouds import CLOUDS
    from toolkit.tenant.permissions import EXCHANGE_REMARK
    from toolkit.tenant.registration import Registration, powershell, steps

    chosen = [Registration(name, app_only, CLOUDS[cloud]) for name in PURPOSES if purpose in (None, name)]
    if as_json:
        told = [
            {
                "name": one.name,
                "purpose": one.purpose,
                "permissions": one.permissions,
                "steps": steps(one),
                "powershell": powershell(one),
            }
            for one in chosen
        ]
        click.echo(json.dumps({"app_only": app_only, "cloud": cloud, "registrations": told}, indent=2))
        return
    for one in chosen:
        click.echo(f"{one.name}\n{'=' * len(one.name)}\n")
        for number, text in enumerate(steps(one), 1):
            click.echo(f"{number}. {text}")
        click.echo(f"\nThe same as PowerShell:\n\n{powershell(one)}\n")
    click.echo(EXCHANGE_REMARK)


@app.command(short_help="What each source and action needs: permission, role, licence.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def permissions(as_json: bool) -> None:
    """What each source and action needs: the permission where a person signs in and where an app works on its own, the
    directory role, the licence. Asks no tenant."""
    from toolkit.tenant.permissions import permissions_frame

    rows = permissions_frame().to_dict("records")
    if as_json:
        click.echo(json.dumps({"permissions": rows}, indent=2))
        return
    titles = {"source": "Evidence", "state": "State of accounts and organisation", "action": "Actions"}
    for kind, title in titles.items():
        click.echo(f"{title}\n{'=' * len(title)}\n")
        for row in rows:
            if row["kind"] == kind:
                click.echo(f"{row['what']}\n{_told(row)}")
        click.echo("")
    click.echo("Of several roles one is enough; a Global Administrator has them all.")


def _told(row: dict[Hashable, Any]) -> str:
    """What a row says besides its name, a line each; what is the same in both ways is said once."""
    same = row["delegated"] == row["app_only"]
    lines = (
        ("permission", row["delegated"] if same else ""),
        ("a person signs in with", "" if same else row["delegated"]),
        ("an app on its own", "" if same else row["app_only"]),
        ("role", row["role"] or "none stated"),
        ("licence", row["licence"] or "any"),
        ("note", row["note"]),
    )
    return "".join(f"  {name}: {text}\n" for name, text in lines if text).rstrip("\n")
