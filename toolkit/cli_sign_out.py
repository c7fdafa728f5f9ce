"""`python -m toolkit sign-out`: forget a sign-in that was kept on this computer."""

from __future__ import annotations

import json

import click

from toolkit.cli_sign_in import CLOUD_NAMES


@click.command(name="sign-out", short_help="Forget a sign-in that was kept on this computer.")
@click.option("--cloud", type=click.Choice(CLOUD_NAMES), help="Only of this cloud (default: of all).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def sign_out(cloud: str | None, as_json: bool) -> None:
    """Forget the tokens that --keep-sign-in kept, encrypted, on this computer. The tenant is not asked.

    Tokens that were given out stay good until they run out, about an hour; revoking sessions ends them earlier.
    """
    from toolkit.tenant.clouds import cloud_named
    from toolkit.tenant.token_cache import forget_kept

    told = [forget_kept(cloud_named(name)) for name in CLOUD_NAMES if cloud in (None, name)]
    if as_json:
        click.echo(json.dumps({"forgotten": told}, indent=2))
    else:
        click.echo("\n".join(told))
