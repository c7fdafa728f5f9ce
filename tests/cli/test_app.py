"""`app instructions`: two registrations with the least permissions, as steps and as PowerShell, for each cloud."""

from __future__ import annotations

import json
import re

import click
import pytest
from click.testing import CliRunner

from toolkit.cli import cli
from toolkit.cli_sign_in import sign_in_options, tokens_of
from toolkit.errors import ToolkitError
from toolkit.tenant.clouds import CLOUDS
from toolkit.tenant.permissions import application_permissions, delegated_permissions
from toolkit.tenant.registration import Registration, powershell, steps


def run(*arguments: str) -> str:
    said = CliRunner().invoke(cli, ["app", "instructions", *arguments])
    assert said.exit_code == 0, said.output
    return said.output


def test_both_registrations_are_told_in_numbered_steps() -> None:
    text = run()
    assert text.index("Mailbox response: evidence") < text.index("Mailbox response: containment")
    assert re.findall(r"^1\. Entra admin center", text, re.MULTILINE) == ["1. Entra admin center"] * 2
    evidence, _, containment = text.partition("Mailbox response: containment\n===")
    for name in delegated_permissions("graph"):
        assert name in evidence
    assert "User.RevokeSessions.All" not in evidence
    assert "User.RevokeSessions.All" in containment
    assert "Grant admin consent" in evidence
    assert "no permission that only reads" in containment


def test_json_has_the_same_for_programs() -> None:
    told = json.loads(run("--for", "evidence", "--app-only", "--json"))
    (one,) = told["registrations"]
    assert one["permissions"]["graph"] == application_permissions("graph")
    assert one["permissions"]["exchange"] == ["Exchange.ManageAsApp"]
    assert "Global Reader" in " ".join(one["steps"])
    assert "New-MgServicePrincipalAppRoleAssignment" in one["powershell"]


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("app_only", [False, True])
@pytest.mark.parametrize("purpose", ["evidence", "containment"])
def test_the_powershell_is_whole_and_names_each_permission_once(cloud: str, app_only: bool, purpose: str) -> None:
    one = Registration(purpose, app_only, CLOUDS[cloud])
    text = powershell(one)
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "", text)
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)
    for names in one.permissions.values():
        for name in names:
            assert text.count(f"'{name}'") == 1 + (name in text.split("$wanted")[0])
    wanted = {"gcc-high": "-Environment USGov ", "dod": "-Environment USGovDoD ", "china": "-Environment China "}
    assert wanted.get(cloud, "Connect-MgGraph -Scopes") in text
    assert ("management" in one.permissions) == (cloud != "china")
    # No id of a permission is written down here that could be out of date: the tenant is asked.
    assert len(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)) == len(one.permissions) + app_only
    assert len(steps(one)) >= 6


def test_instructions_change_nothing_and_need_no_case(tmp_path: object) -> None:
    assert "Connect-MgGraph" in run("--for", "containment")


def test_the_options_of_signing_in_name_a_source_and_take_no_secret() -> None:
    @click.command()
    @sign_in_options
    def look(**how: object) -> None:
        click.echo(repr(tokens_of(**how)))  # type: ignore[arg-type]

    offered = {option for parameter in look.params for option in parameter.opts}
    assert {"--cloud", "--sign-in", "--tenant", "--client-id", "--certificate", "--keep-sign-in"} <= offered
    assert not [name for name in offered if "secret" in name or "pass" in name]
    said = CliRunner().invoke(look, ["--sign-in", "device-code", "--cloud", "gcc-high"])
    assert "PersonTokenSource(gcc-high, device code)" in said.output
    assert "Microsoft Graph Command Line Tools" in said.output
    wrong = CliRunner().invoke(look, ["--sign-in", "secret"])
    assert isinstance(wrong.exception, ToolkitError)
    assert "--tenant" in str(wrong.exception)


def test_log_analytics_is_asked_for_where_the_tenant_has_it() -> None:
    for app_only in (False, True):
        one = Registration("evidence", app_only, CLOUDS["global"])
        assert one.permissions["log-analytics"] == ["Data.Read"]
        assert any("Log Analytics API" in text and "Data.Read" in text for text in steps(one))
        assert "Names = @('Data.Read'); Optional = $true }" in powershell(one)
