"""Is an account made to use a second factor at every sign-in? What policies come to together, one table."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest

from tests.contain.room import Room
from tests.harden.tenant_rows import policy
from toolkit.contain.conditional_access import Who, policies_of
from toolkit.contain.second_factor import SecondFactor, mfa_at_every_sign_in

ANNA = Who("anna@contoso.example", "id-anna", roles=frozenset(), groups={})
BLOCK = {"operator": "OR", "builtInControls": ["block"]}
NEW = ["browser", "mobileAppsAndDesktopClients"]
OLD = ["exchangeActiveSync", "other"]
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"


def asked(*policies: dict[str, Any], who: Who = ANNA) -> SecondFactor:
    return mfa_at_every_sign_in(who, policies_of(policies))


def apps(include: Sequence[str], exclude: Sequence[str] = ()) -> dict[str, list[str]]:
    return {"includeApplications": list(include), "excludeApplications": list(exclude)}


def places(include: Sequence[str], exclude: Sequence[str] = ()) -> dict[str, list[str]]:
    return {"includeLocations": list(include), "excludeLocations": list(exclude)}


def strength(satisfied: str) -> dict[str, Any]:
    return {"operator": "OR", "authenticationStrength": {"id": "own", "requirementsSatisfied": satisfied}}


WITHOUT_OLD = policy("MFA", clientAppTypes=NEW)
NO_OLD = policy("Block legacy authentication", clientAppTypes=OLD, grant=BLOCK)


@pytest.mark.parametrize(
    ("policies", "state", "phrases"),
    [
        ([WITHOUT_OLD], "partly", ["old protocols are not covered"]),
        (
            [WITHOUT_OLD, NO_OLD],
            "yes",
            ["“MFA” asks for a second factor", "old protocols", "“Block legacy authentication” blocks the sign-in"],
        ),
        ([NO_OLD], "no", ["No policy that is on reaches it"]),
        ([WITHOUT_OLD, policy("Old", clientAppTypes=["other"], grant=BLOCK)], "partly", ["old protocols"]),
        (
            [WITHOUT_OLD, policy("Old", clientAppTypes=["other"], grant=BLOCK),
             policy("EAS", clientAppTypes=["exchangeActiveSync"], grant=BLOCK)],
            "yes", ["“Old”", "“EAS”"],
        ),
        ([WITHOUT_OLD, NO_OLD | {"state": "enabledForReportingButNotEnforced"}], "partly", ["old protocols"]),
        (
            [WITHOUT_OLD, policy("Block abroad", clientAppTypes=OLD, grant=BLOCK, locations=places(["p1"]))],
            "partly", ["old protocols are not covered"],
        ),
        ([policy(grant=BLOCK)], "yes", ["No sign-in gets through", "blocks it"]),
        ([policy(signInRiskLevels=["high"])], "partly", ["only when the sign-in is risky"]),
        ([policy(userRiskLevels=["high"])], "partly", ["only when the account is risky"]),
        (
            [policy("Risky", signInRiskLevels=["high", "medium"]), WITHOUT_OLD, NO_OLD],
            "yes", ["“MFA” asks"],
        ),
        (
            [policy("Some systems", platforms={"includePlatforms": ["android", "iOS"]})],
            "partly", ["on some operating systems only"],
        ),
        (
            [policy("Some systems", platforms={"includePlatforms": ["android", "iOS"]}),
             policy("Others", platforms={"includePlatforms": ["all"], "excludePlatforms": ["android", "iOS"]})],
            "yes", ["“Others” asks for a second factor", "“Some systems” asks for it"],
        ),
        (
            [policy(platforms={"includePlatforms": ["android", "iOS", "windows", "windowsPhone", "macOS", "linux"]})],
            "partly", ["operating systems"],
        ),
        ([policy(locations=places(["All"], ["AllTrusted"]))], "partly", ["trusted"]),
        ([policy(locations=places(["p1"]))], "partly", ["from certain places only"]),
        (
            [policy("Outside", locations=places(["All"], ["AllTrusted"])),
             policy("Inside", locations=places(["AllTrusted"]))],
            "yes", ["“Outside”", "“Inside” asks for it"],
        ),
        (
            [policy("Outside", locations=places(["All"], ["AllTrusted"])),
             policy("Office", locations=places(["p1"]))],
            "partly", ["trusted"],
        ),
        ([policy(applications=apps(["Office365"]))], "partly", ["Office 365 only"]),
        (
            [policy("All but mail", applications=apps(["All"], [EXCHANGE])),
             policy("Office", applications=apps(["Office365"]))],
            "yes", ["“All but mail”", "“Office” asks for it"],
        ),
        (
            [policy("All but Office", applications=apps(["All"], ["Office365"])),
             policy("Mail", applications=apps([EXCHANGE]))],
            "partly", ["leaves out"],
        ),
        (
            [policy("All but Office", applications=apps(["All"], ["Office365"])),
             policy("Files", applications=apps([SHAREPOINT]), grant=BLOCK)],
            "partly", ["leaves out"],
        ),
        ([policy(applications=apps(["All"]) | {"applicationFilter": {"mode": "exclude"}})], "partly", ["filter"]),
        ([policy(applications={"includeAuthenticationContextClassReferences": ["c1"]})], "no", ["No policy"]),
        ([policy(devices={"deviceFilter": {"mode": "exclude", "rule": "x"}})], "partly", ["devices of a filter"]),
        (
            [policy(grant={"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]})],
            "partly", ["a compliant device will do instead"],
        ),
        (
            [policy("Either", grant={"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}),
             policy("Device", grant={"operator": "OR", "builtInControls": ["compliantDevice"]})],
            "partly", ["a compliant device will do instead"],
        ),
        (
            [policy(grant={"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": ["t1"]})],
            "partly", ["accepted terms of use will do instead"],
        ),
        ([policy(grant={"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})], "yes", ["factor"]),
        (
            [policy(grant=strength("none"))],
            "no", ["No policy"],
        ),
        (
            [policy(grant=strength("mfa"))],
            "yes", ["second factor"],
        ),
        ([policy(users={"includeUsers": ["All"], "excludeGroups": ["g1"]})], "yes", ["second factor"]),
        ([policy(state="disabled")], "no", ["No policy that is on reaches it"]),
    ],
)  # fmt: skip
def test_policies_are_taken_together_and_every_condition_counts(
    policies: list[dict[str, Any]], state: str, phrases: list[str]
) -> None:
    found = asked(*policies)
    assert found.state == state, found.told
    for phrase in phrases:
        assert phrase in found.told


def test_what_another_policy_closes_is_not_held_against_the_first() -> None:
    hole = policy("MFA", clientAppTypes=NEW, applications=apps(["All"], ["app-1"]))
    told = asked(hole, NO_OLD).told
    assert "leaves out" in told
    assert "old protocols" not in told


@pytest.mark.parametrize(
    ("who", "state", "phrase"),
    [
        (Who("anna", "id-anna", groups={"g1": "Left out"}), "no", "leaves this account out through the group"),
        (Who("anna", "id-anna", groups={"g2": "Other"}), "yes", "asks for a second factor"),
        (Who("anna", "id-anna", groups=None), "perhaps", "may leave this account out through the group"),
    ],
)
def test_a_group_that_is_left_out_decides_where_groups_are_known(who: Who, state: str, phrase: str) -> None:
    found = asked(policy(users={"includeUsers": ["All"], "excludeGroups": ["g1"]}), who=who)
    assert (found.state, phrase in found.told) == (state, True), found.told


def test_a_block_that_may_leave_somebody_out_is_said_beside_the_hole() -> None:
    maybe = policy(
        "Block legacy", clientAppTypes=OLD, grant=BLOCK, users={"includeUsers": ["All"], "excludeGroups": ["g"]}
    )
    found = asked(WITHOUT_OLD, maybe, who=Who("anna", "id-anna"))
    assert found.state == "partly"
    assert "“Block legacy” may close that: it may leave this account out through the group" in found.told


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ({"guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest"}, "yes"),
        ({"guestOrExternalUserTypes": "serviceProvider"}, "perhaps"),
    ],
)  # fmt: skip
def test_guests_of_some_kinds_only_are_no_certainty(kinds: dict[str, Any], state: str) -> None:
    guests = policy(users={"includeUsers": [], "includeGuestsOrExternalUsers": kinds})
    assert asked(guests, who=Who("guest", "id-guest", guest=True)).state == state


def test_hundreds_of_policies_are_worked_out_at_once() -> None:
    many = [policy(f"P{n}", applications=apps(["All"], [f"app-{n}", f"app-{n + 1}"]), clientAppTypes=NEW,
                   locations=places(["All"], [f"place-{n}"])) for n in range(300)]  # fmt: skip
    assert asked(*many, NO_OLD).state in ("yes", "partly")


def test_the_door_reads_groups_where_they_decide(room: Room) -> None:
    def put(state: dict[str, Any]) -> None:
        (made,) = state["conditional_access"].values()
        made["state"] = "enabled"
        made["conditions"]["clientAppTypes"] = NEW
        old = copy.deepcopy(made)
        old |= {"id": "00000000-1111-2222-3333-444444444444", "displayName": "No old protocols", "grantControls": BLOCK}
        old["conditions"]["clientAppTypes"] = OLD
        old["conditions"]["users"]["excludeGroups"] = ["99999999-1111-2222-3333-444444444444"]
        state["conditional_access"][old["id"]] = old

    assert room.door("multi-factor requirement").state == "open"
    room.service.change_behind(put)
    door = room.door("multi-factor requirement")
    assert (door.state, "“No old protocols” blocks the sign-in" in door.evidence) == ("closed", True), door.evidence
    assert any("transitiveMemberOf" in str(entry) for entry in room.service.requests())
