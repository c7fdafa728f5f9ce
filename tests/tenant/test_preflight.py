"""The preflight says beforehand what will be refused; then the thing itself is tried, and it was right."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.contain.room import DOMAIN, VICTIM, Room
from tests.tenant.signing import CLIENT_ID, Answering
from toolkit.collect.chosen import services_of, with_workspace
from toolkit.collect.profile import profile
from toolkit.contain import confirm, run
from toolkit.contain.actions import StartActivitySubscription
from toolkit.errors import TenantAnswer
from toolkit.harden import hardening_plan
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.tenant import CLOUDS, Tenant, connect, preflight
from toolkit.tenant.activity import CONTENT_TYPES
from toolkit.tenant.answers import Answer
from toolkit.tenant.application import ApplicationTokenSource
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.directory_roles import ROLES
from toolkit.tenant.exchange import SYSTEM_MAILBOX
from toolkit.tenant.gate import Call
from toolkit.tenant.needs import ACTIONS, NEEDS, SOURCES, STATES
from toolkit.tenant.preflight import (
    LACKING,
    NOT_STARTED,
    PARTLY,
    REFUSED,
    UNKNOWN,
    WORKS,
    Check,
    TokenFacts,
    _check,
    exported_cmdlets,
)
from toolkit.tenant.tokens import Operator


def of(kind: tuple[Any, ...], resource: str) -> list[str]:
    return [need.key for need in kind if need.resource == resource]


def test_a_global_administrator_is_told_that_all_will_work(room: Room) -> None:
    result = preflight(room.connect())
    told = {check.key: check.answer for check in result.checks}
    assert list(told) == [need.key for need in NEEDS]
    played = exported_cmdlets(room.tenant)
    for need in NEEDS:
        if (need.resource == "graph" and need.delegated) or {name.lower() for name in need.operations} <= played:
            assert told[need.key] == WORKS, need.key
    assert told["source:audit-activity"] == UNKNOWN
    assert "nobody signed in" in result.of("source:audit-activity").why
    token = result.tokens["graph"]
    assert token.who == "jonas.reuter@contoso.com"
    assert token.roles == ("Global Administrator",)
    assert token.expires is not None
    assert room.writes() == []


def test_it_asks_what_the_profile_needs_one_harmless_read_each(room: Room) -> None:
    chosen = with_workspace(profile("everything"), WORKSPACE)
    services = services_of(chosen)
    assert services == ("graph", "exchange", "management", "log-analytics")
    result = preflight(room.connect(), services, workspace=WORKSPACE)
    assert result.of("source:audit-activity").answer == NOT_STARTED
    assert result.of("source:log-analytics").answer == WORKS
    assert room.service.requests()[-1]["method"]
    assert any(r["path"].endswith(f"/workspaces/{WORKSPACE}/query") for r in room.service.requests())
    elsewhere = preflight(room.connect(), services, workspace=WORKSPACE[:-1] + "0")
    assert elsewhere.of("source:log-analytics").answer == REFUSED
    assert "403" in elsewhere.of("source:log-analytics").why
    assert all(elsewhere.problems.values())
    assert services_of(profile("standard")) == ("graph", "exchange")


def test_feeds_that_nobody_started_are_not_promised(room: Room) -> None:
    def told() -> Check:
        return preflight(room.connect(), ("graph", "management")).of("source:audit-activity")

    assert told().answer == NOT_STARTED
    assert "`python -m toolkit collect --start-feeds`" in told().why
    plan = hardening_plan(room.case, room.tenant, [StartActivitySubscription(one) for one in CONTENT_TYPES])
    yes = confirm(plan, DOMAIN)
    for number, name in enumerate(CONTENT_TYPES):
        run(plan, f"start-activity-subscription:{name}", yes)
        if not number:
            assert told().answer == PARTLY
            assert "sign-ins and the directory" in told().why
            assert "mailboxes and their settings" not in told().why
    assert (told().answer, told().why) == (WORKS, "")


def test_what_the_sign_in_does_not_give_is_not_consented_and_nobody_is_asked_again(room: Room) -> None:
    person = Answering(room.service)
    tenant = connect(room.case, person.source(), sleep=room.sleep)
    services = ("graph", "exchange", "management")
    check = preflight(tenant, services).of("source:audit-activity")
    assert (check.answer, check.why.partition(":")[0]) == (REFUSED, "not consented")
    assert "nobody was asked" in check.why
    assert person.asked == ["graph", "exchange"]
    # Asked for beforehand and declined, it is said as what it is.
    assert list(tenant.ready_for(services)) == ["management"]
    check = preflight(tenant, services).of("source:audit-activity")
    assert check.answer == REFUSED
    assert check.why.startswith("not consented: There is no sign-in to the Management Activity API: The sign-in was")
    assert person.asked == ["graph", "exchange", "management"]
    tenant.close()


def test_the_frame_is_as_long_as_the_table(room: Room) -> None:
    frame = preflight(room.connect()).frame()
    assert list(frame.columns) == ["kind", "what", "answer", "why", "key"]
    assert len(frame) == len(NEEDS)


def test_a_missing_permission_is_named_and_the_call_is_indeed_refused(room: Room) -> None:
    room.service.withhold("AuditLog.Read.All")
    result = preflight(room.connect())
    check = result.of("source:sign-ins")
    assert (check.answer, check.why) == (REFUSED, "missing permission AuditLog.Read.All")
    with pytest.raises(TenantAnswer, match="403"):
        room.tenant.graph.rows("/auditLogs/signIns", query={"$top": "1"})
    assert result.of("state:users").answer == WORKS


def test_a_reader_is_told_that_nothing_can_be_changed_and_is_indeed_refused(room: Room) -> None:
    room.service.give_roles(ROLES["Global Reader"])
    result = preflight(room.connect())
    for key in of(ACTIONS, "exchange"):
        assert result.of(key).answer == REFUSED, key
    assert result.of("action:disable-inbox-rule").why == (
        "missing a role that offers Disable-InboxRule, Enable-InboxRule: "
        "Exchange Recipient Administrator or Exchange Administrator"
    )
    graph = [key for key in of(ACTIONS, "graph") if result.of(key).answer != REFUSED]
    assert graph == []
    assert result.of("state:rules").answer == WORKS
    assert result.of("source:sign-ins").answer == WORKS
    assert room.tenant.exchange.inbox_rules(VICTIM, VICTIM).rows
    outcome = room.run("revoke-sessions")
    assert "403" in outcome.text


def test_cmdlets_that_a_role_does_not_offer_are_named(room: Room) -> None:
    room.service.give_roles(ROLES["Exchange Recipient Administrator"])
    result = preflight(room.connect())
    assert result.of("action:disable-inbox-rule").answer == WORKS
    assert result.of("action:disable-transport-rule").answer == REFUSED
    assert result.of("source:audit-configuration").answer == PARTLY
    assert "Get-OrganizationConfig" in result.of("source:audit-configuration").why
    with pytest.raises(TenantAnswer, match="403"):
        room.tenant.exchange.read("Get-TransportRule", {}, VICTIM)


def test_without_any_role_in_exchange_each_of_its_rows_says_so(room: Room) -> None:
    room.service.give_roles(ROLES["Helpdesk Administrator"])
    result = preflight(room.connect())
    for key in (*of(SOURCES, "exchange"), *of(STATES, "exchange"), *of(ACTIONS, "exchange")):
        assert result.of(key).answer == REFUSED
    assert "A directory role is missing" in result.of("state:mailbox").why
    assert result.of("action:revoke-sessions").answer == WORKS
    assert result.of("action:require-mfa").why == "missing a directory role: Authentication Policy Administrator"


def test_a_role_that_is_not_known_here_is_not_taken_for_a_missing_one(room: Room) -> None:
    room.service.give_roles("11111111-2222-3333-4444-555555555555")
    result = preflight(room.connect())
    check = result.of("state:methods")
    assert check.answer == UNKNOWN
    assert check.why.startswith("you hold a role that is not known here")
    # Where a small read tells, it was asked.
    assert result.of("source:sign-ins").answer == WORKS


def test_what_no_token_tells_is_asked_of_the_service_itself(room: Room) -> None:
    tenant = room.connect()
    room.service.refuse_next(
        "GET /v1.0/auditLogs/signIns",
        "Neither tenant is B2C or tenant doesn't have premium license",
        status=403,
        code="Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    )
    room.service.refuse_next("GET /v1.0/admin/exchange/tracing", "8bd644d1", status=401, code="UnknownError", times=2)
    result = preflight(tenant)
    assert result.of("source:sign-ins").answer == REFUSED
    assert "premium license" in result.of("source:sign-ins").why
    assert result.of("source:message-trace").answer == REFUSED
    assert result.of("source:audit-search").answer == WORKS


def test_an_app_on_its_own_is_told_what_only_a_person_can_do(room: Room) -> None:
    place = room.tenant.cloud
    source = ApplicationTokenSource(
        place, tenant=place.tenant_id, client_id=CLIENT_ID, environ={"TOOLKIT_CLIENT_SECRET": "any"}
    )
    result = preflight(connect(room.case, source))
    assert result.of("action:reset-password-writeback").why == (
        "an app cannot do this on its own: a person has to sign in"
    )
    assert result.of("action:disable-device").answer == WORKS
    assert result.of("state:rules").answer == WORKS


def test_a_service_that_does_not_answer_makes_its_rows_not_known(room: Room) -> None:
    tenant = room.connect()
    room.service.fail_next("GET /adminapi/v1.0", status=503, times=9)
    result = preflight(tenant)
    check = result.of("state:mailbox")
    assert check.answer == UNKNOWN
    assert "503" in check.why
    assert result.of("state:users").answer == WORKS


def test_a_licence_that_is_not_there_is_named(room: Room) -> None:
    tenant = room.connect()
    need = next(need for need in NEEDS if need.key == "source:sign-ins")
    token = TokenFacts("graph", permissions=frozenset({"AuditLog.Read.All"}), roles=("Global Administrator",))
    without = _check(need, tenant, {"graph": token}, {}, None, frozenset({"EXCHANGE_S_STANDARD"}))
    assert (without.answer, without.why) == (REFUSED, "the organisation has no licence Entra ID P1")
    unread = _check(need, tenant, {"graph": token}, {}, None, None)
    assert (unread.answer, unread.why) == (WORKS, "if the organisation has Entra ID P1")


def test_what_a_cloud_lacks_is_said_before_permissions(room: Room) -> None:
    class Elsewhere:
        cloud: Cloud = CLOUDS["china"]

    elsewhere: Tenant = Elsewhere()  # type: ignore[assignment]
    told = {need.key: _check(need, elsewhere, {}, {}, None, None) for need in NEEDS}
    assert told["source:secure-score"].answer == LACKING
    assert told["source:audit-activity"].why.endswith("use an export from the Purview portal, and load the file.")
    assert told["source:sign-ins"].answer == UNKNOWN


def test_the_cmdlets_come_from_the_service_and_the_question_is_a_read(room: Room) -> None:
    names = exported_cmdlets(room.tenant)
    assert {"get-inboxrule", "set-mailbox"} <= names
    line = room.service.requests()[-1]
    assert (line["method"], line["kind"]) == ("GET", "read")
    assert line["path"].endswith("/EXOModuleFile")


def test_an_app_asks_which_cmdlets_it_may_run_by_the_system_mailbox() -> None:
    asked: list[Call] = []

    def told(call: Call) -> Answer:
        asked.append(call)
        return Answer(200, None, "", "", {"value": [{"exportedCmdlets": "Get-Mailbox"}]})

    app = Operator("1", "application Nightly (2)", "3", is_application=True)
    tenant: Any = SimpleNamespace(
        operator=app, tenant_id="3", cloud=CLOUDS["global"], session=SimpleNamespace(read=told)
    )
    assert exported_cmdlets(tenant) == {"get-mailbox"}
    assert asked[0].headers["X-AnchorMailbox"] == f"APP:{SYSTEM_MAILBOX}@3"
    tenant.operator = Operator("1", "jane@contoso.com", "3")
    exported_cmdlets(tenant)
    assert asked[1].headers["X-AnchorMailbox"] == "UPN:jane@contoso.com"
