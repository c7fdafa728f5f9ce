"""`app instructions`: two registrations with the least permissions, as steps and as PowerShell, for each cloud."""

from __future__ import annotations

import json
import re

import click
import pytest
from click.testing import CliRunner

from toolkit.cli import cli
from toolkit.cli_sign_in import sign_in_options, tokens_of
from toolkit.errors import ToolkitError, UsageError
from toolkit.practice.scenario import CLIENT_ID
from toolkit.tenant import TokenSource, sign_in
from toolkit.tenant.clients import about_clients, clients_of
from toolkit.tenant.clouds import CLOUDS, GRAPH_COMMAND_LINE_APP, Cloud, lacks
from toolkit.tenant.needs import NEEDS
from toolkit.tenant.permissions import application_permissions, delegated_permissions, permissions_frame
from toolkit.tenant.ready_token import VARIABLES
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


@pytest.mark.parametrize("app_only", [False, True])
@pytest.mark.parametrize("purpose", ["evidence", "containment"])
def test_the_command_that_is_printed_signs_in_through_the_application(
    app_only: bool, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands at the end of the steps, taken as it is, names a source of tokens for both purposes."""
    made: list[TokenSource] = []

    @click.command()
    @sign_in_options
    def look(**how: object) -> None:
        made.append(tokens_of(**how))  # type: ignore[arg-type]

    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    printed = run("--for", purpose, *["--app-only"] * app_only)
    [command] = re.findall(r"use it: (.*)\.$", printed, re.MULTILINE)
    words = command.replace("APPLICATION-ID", CLIENT_ID).replace("DOMAIN", "contoso.com").split()
    more = [] if app_only else ["--sign-in", "device-code"]
    said = CliRunner().invoke(look, [*words, *more], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    assert CLIENT_ID in said.stderr
    assert GRAPH_COMMAND_LINE_APP not in said.stderr
    if app_only:
        assert repr(made[0]) == f"ApplicationTokenSource(global, {CLIENT_ID}, certificate)"
    told = CliRunner().invoke(cli, ["contain", "--account", "x@contoso.com", *words, *more])
    assert "Which case?" in str(told.exception)  # everything in it was understood


def test_an_id_for_containment_alone_is_the_application_for_both_purposes() -> None:
    assert clients_of("", CLIENT_ID) == clients_of(CLIENT_ID) == clients_of(CLIENT_ID, CLIENT_ID)
    both = clients_of("1", "2")
    assert (both.for_resource("graph", "evidence"), both.for_resource("graph", "containment")) == ("1", "2")
    with pytest.raises(UsageError, match="signs in as one application"):
        sign_in(way="secret", tenant="contoso.com", client_id="1", containment_client_id="2", environ={})


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("app_only", [False, True])
@pytest.mark.parametrize("purpose", ["evidence", "containment"])
def test_no_permission_is_asked_for_that_only_serves_what_the_cloud_lacks(
    cloud: str, app_only: bool, purpose: str
) -> None:
    place = CLOUDS[cloud]
    there = {name for need in NEEDS for name in (*need.delegated, *need.application) if _has(place, need.operations)}
    names = Registration(purpose, app_only, place).permissions["graph"]
    assert set(names) <= there
    absent = {
        "gcc-high": {"AuditLogsQuery", "ExchangeMessageTrace"}, "dod": {"AuditLogsQuery", "ExchangeMessageTrace"},
        "china": {"AuditLogsQuery", "ExchangeMessageTrace", "SecurityEvents", "IdentityRiskyUser", "IdentityRiskEvent"},
    }.get(cloud, set())  # fmt: skip
    assert {name.partition(".")[0] for name in names} & absent == set()
    assert {"User.Read.All", "AuditLog.Read.All", "Directory.Read.All"} <= set(names)
    # A sign-in through Microsoft's own application asks for no others either.
    asked = {scope.rpartition("/")[2] for scope in clients_of().scopes(place, "graph", purpose)}
    assert asked <= there
    assert not any(name in about_clients(clients_of(), place, purpose) for name in absent)


def _has(cloud: Cloud, operations: tuple[str, ...]) -> bool:
    return any(not lacks(cloud, operation) for operation in operations)


def test_the_powershell_leaves_out_with_a_note_what_a_tenant_does_not_offer() -> None:
    text = powershell(Registration("evidence", True, CLOUDS["china"]))
    assert "throw" not in next(line for line in text.splitlines() if "offers no" in line)
    assert 'Write-Warning "$($api.Service.DisplayName) offers no $name here; it is left out."' in text
    assert "$api.Names = @($found | ForEach-Object Value)" in text  # and nothing is consented to that is not there


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


def test_what_each_source_and_action_needs_is_printed_as_the_table_has_it() -> None:
    said = CliRunner().invoke(cli, ["app", "permissions", "--json"])
    assert said.exit_code == 0, said.output
    rows = json.loads(said.stdout)["permissions"]
    assert rows == permissions_frame().to_dict("records")
    assert len(rows) == len(NEEDS)
    text = CliRunner().invoke(cli, ["app", "permissions"]).stdout
    for need in NEEDS:
        assert f"\n{need.what}\n" in text
    sign_ins = text.partition("\nSign-ins of people, interactive and not, and of applications\n")[2].partition("\nD")[0]
    assert sign_ins.splitlines()[0] == "  permission: AuditLog.Read.All"
    assert "  licence: Entra ID P1" in sign_ins
    device = text.partition("\nDisable a device\n")[2]
    assert device.startswith(
        "  a person signs in with: Directory.AccessAsUser.All\n  an app on its own: Device.ReadWrite.All\n  role: Cloud"
    )
