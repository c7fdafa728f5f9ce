"""ID-01 and OA-01: ways to pass verification added, applications let in; both spellings of a directory change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.detect.alone import ADELE, acts, alone, entries, entry, place, stamp
from tests.formats.exports import document
from toolkit.case import Case
from toolkit.detect import triage

APP = "11111111-2222-3333-4444-555555555555"
PRINCIPAL = "99999999-2222-3333-4444-555555555555"
GRAPH_AUDITS = "https://graph.microsoft.com/v1.0/$metadata#auditLogs/directoryAudits"


def change(record_id: str, operation: str, minutes: float = 0, user: str = ADELE, **more: Any) -> dict[str, Any]:
    return document(
        record_id,
        operation,
        CreationTime=stamp(minutes),
        RecordType=8,
        Workload="AzureActiveDirectory",
        UserId=user,
        ObjectId=user,
        ClientIP="203.0.113.9",
        ResultStatus="Success",
        InterSystemsId=more.pop("correlation", record_id),
        **more,
    )


def test_method_added_is_medium_and_says_which(case: Case, tmp_path: Path) -> None:
    phone = [{"Name": "StrongAuthenticationPhoneAppDetail", "NewValue": '[{"DeviceName": "SM-1"}]', "OldValue": "[]"}]
    acts(
        case,
        tmp_path,
        change("m1", "User registered security info."),
        change("m2", "Update user.", 0.1, ModifiedProperties=phone)
        | {"UserId": "ServicePrincipal_x", "ObjectId": ADELE},
        change("near", "Update user.", 1, user="b@contoso.com", ModifiedProperties=[{"Name": "City", "NewValue": "x"}]),
        change("gone", "User deleted security info.", 2, user="c@contoso.com"),
        change("failed", "User registered security info.", 3, user="d@contoso.com") | {"ResultStatus": "Failure"},
    )
    (finding,) = alone(case, "ID-01")
    assert (finding.severity, finding.user, finding.evidence) == ("medium", ADELE, ["m1", "m2"])
    assert "SM-1" in finding.summary


def test_method_told_in_the_additional_details_alone(case: Case, tmp_path: Path) -> None:
    """Of large changes the list of properties is empty; a piece of the details may end anywhere."""
    changed = [
        {"Name": "StrongAuthenticationMethod", "OldValue": [], "NewValue": [{"MethodType": 6, "Default": False}]},
        {"Name": "AssignedPlan", "OldValue": [], "NewValue": ["x" * 50]},
    ]
    piece = json.dumps({"targetUpdatedProperties": json.dumps(changed)})[:-30]
    details = {"Name": "additionalDetails", "Value": json.dumps({"id": "1", "seq": "1", "b": piece, "c": "4"})}
    told = change("m", "Update user.", ModifiedProperties=[], ExtendedProperties=[details])
    acts(case, tmp_path, told | {"UserId": "admin@contoso.com"})
    (finding,) = alone(case, "ID-01")
    assert (finding.severity, finding.user, finding.involved) == ("medium", ADELE, ["admin@contoso.com"])
    assert finding.summary.startswith("A way to pass multi-factor authentication was added: text message.")


def test_method_removed_is_none_added(case: Case, tmp_path: Path) -> None:
    phone = [{"Name": "StrongAuthenticationPhoneAppDetail", "NewValue": "[]", "OldValue": '[{"DeviceName": "SM-1"}]'}]
    acts(case, tmp_path, change("m", "Update user.", ModifiedProperties=phone))
    assert alone(case, "ID-01") == []


def test_method_added_after_a_suspicious_sign_in_is_high_and_one_at_home_is_low(case: Case, tmp_path: Path) -> None:
    home = [entry(f"h{n}", 0, -20 + n) for n in range(15)]
    claim = [{"authenticationStepResultDetail": "MFA requirement satisfied by claim in the token"}]
    far = {"ipAddress": "203.0.113.9", "location": place("NG", 9.0, 8.0), "authenticationDetails": claim}
    entries(case, tmp_path, *home, entry("far", 60, **far))
    acts(
        case,
        tmp_path,
        change("away", "User registered security info.", 70),
        change("home", "User registered security info.", -4 * 1440) | {"ClientIP": "192.0.2.7"},
    )
    found = {f.evidence[0]: f.severity for f in triage(case).findings if f.id == "ID-01"}
    assert found == {"away": "high", "home": "low"}


def consent(record_id: str, scopes: str, user: str = ADELE, minutes: float = 0, app: str = APP, **more: Any) -> Any:
    grant = f"Id: x, ClientId: {PRINCIPAL}, ConsentType: Principal, Scope: {scopes}, CreatedDateTime: "
    permissions = f"[] => [[{grant}]];"
    properties = [{"Name": "ConsentAction.Permissions", "NewValue": permissions, "OldValue": ""}]
    target = [
        {"ID": f"ServicePrincipal_{PRINCIPAL}", "Type": 2},
        {"ID": "Mail Helper", "Type": 1},
        {"ID": app, "Type": 2},
    ]
    return change(
        record_id, "Consent to application.", minutes, user, ModifiedProperties=properties, Target=target, **more
    )


@pytest.mark.parametrize(
    ("scopes", "severity"),
    [
        ("Mail.Read", "high"),
        ("Mail.ReadWrite offline_access", "critical"),
        ("Mail.ReadWrite", "high"),
        ("Contacts.Read", "medium"),
        ("Contacts.Read offline_access", "high"),
        ("User.Read openid offline_access", None),
    ],
)
def test_consent_is_as_bad_as_its_worst_permission(
    case: Case, tmp_path: Path, scopes: str, severity: str | None
) -> None:
    acts(case, tmp_path, consent("c", scopes))
    assert [f.severity for f in alone(case, "OA-01")] == ([severity] if severity else [])


def test_consent_to_what_many_use_is_medium_and_what_the_organisation_allows_is_none(
    case: Case, tmp_path: Path
) -> None:
    acts(case, tmp_path, *[consent(f"c{n}", "Mail.Read", f"u{n}@contoso.com", n) for n in range(6)])
    assert [f.severity for f in alone(case, "OA-01")] == ["high"] * 5 + ["medium"]
    (case.folder / "detections.toml").write_text(f'[allow]\napps = ["{APP}"]\n', encoding="utf-8")
    assert alone(case, "OA-01") == []


def test_consent_to_a_known_malicious_application_is_critical(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, consent("c", "User.Read", app="ff8d92dc-3d82-41d6-bcbd-b9174d163620"))
    (finding,) = alone(case, "OA-01")
    assert finding.severity == "critical"
    assert "Mail Helper" in finding.summary


MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


@pytest.mark.parametrize(("owner", "severity"), [(MICROSOFT, None), (PRINCIPAL, "high"), (None, "high")])
def test_consent_to_an_application_of_microsofts_own_is_none(
    case: Case, tmp_path: Path, owner: str | None, severity: str | None
) -> None:
    entries(case, tmp_path, entry("s", 0, appId=APP.upper(), appOwnerTenantId=owner))
    acts(case, tmp_path, consent("c", "Mail.Read"))
    assert [f.severity for f in alone(case, "OA-01")] == ([severity] if severity else [])


def test_a_grant_names_who_got_it_and_not_the_service_it_opens(case: Case, tmp_path: Path) -> None:
    """Exchange Online, the target, is Microsoft's own; the application that may read from it is not."""
    exchange = "00000002-0000-0ff1-ce00-000000000000"
    properties = [
        {"Name": "DelegatedPermissionGrant.Scope", "NewValue": "EWS.AccessAsUser.All", "OldValue": ""},
        {"Name": "ServicePrincipal.ObjectID", "NewValue": PRINCIPAL, "OldValue": ""},
    ]
    target = [{"ID": "Office 365 Exchange Online", "Type": 1}, {"ID": exchange, "Type": 2}]
    entries(case, tmp_path, entry("s", 0, appId=exchange, appOwnerTenantId=MICROSOFT))
    acts(case, tmp_path, change("g", "Add delegated permission grant.", ModifiedProperties=properties, Target=target))
    (finding,) = alone(case, "OA-01")
    assert finding.severity == "high"
    assert f"The application with the object id {PRINCIPAL} was given access to EWS.AccessAsUser.All" in finding.summary


def test_the_same_consent_from_both_logs_counts_once(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, consent("ual", "Mail.Read", correlation="abc"))
    graph = {
        "id": "Directory_abc",
        "category": "ApplicationManagement",
        "correlationId": "abc",
        "result": "success",
        "activityDisplayName": "Consent to application",
        "activityDateTime": stamp(0) + "Z",
        "loggedByService": "Core Directory",
        "initiatedBy": {"user": {"id": "1", "userPrincipalName": ADELE, "ipAddress": "203.0.113.9"}, "app": None},
        "targetResources": [
            {
                "id": PRINCIPAL,
                "displayName": "Mail Helper",
                "type": "ServicePrincipal",
                "modifiedProperties": [
                    {
                        "displayName": "ConsentAction.Permissions",
                        "oldValue": None,
                        "newValue": json.dumps(f"[] => [[Id: x, ClientId: {PRINCIPAL}, Scope: Mail.Read, Created: ]];"),
                    }
                ],
            }
        ],
        "additionalDetails": [],
    }
    loaded = case.load(_page(tmp_path, graph))
    assert case.count("audit") > 1, loaded
    (finding,) = alone(case, "OA-01")
    assert (finding.count, len(finding.evidence), finding.severity) == (1, 2, "high")


def _page(folder: Path, *records: Any) -> Path:
    file = folder / "directory.json"
    file.write_text(json.dumps({"@odata.context": GRAPH_AUDITS, "value": list(records)}), encoding="utf-8")
    return file


def test_cut_decides_what_was_the_owners_address(case: Case, tmp_path: Path) -> None:
    entries(case, tmp_path, *[entry(f"h{n}", 0, n) for n in range(3)])
    acts(case, tmp_path, change("m", "User registered security info.", 3 * 1440) | {"ClientIP": "192.0.2.7"})
    (late,) = alone(case, "ID-01", cut=datetime(2026, 3, 4, tzinfo=UTC))
    (early,) = alone(case, "ID-01", cut=datetime(2026, 3, 1, tzinfo=UTC))
    assert (late.severity, early.severity) == ("low", "medium")
