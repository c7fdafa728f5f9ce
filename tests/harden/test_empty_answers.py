"""A list with nothing in it is an answer, where the file says of what; otherwise it is not checked, and how is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harden.tenant_rows import OFF, registered
from toolkit import harden, open_case
from toolkit.case import Case
from toolkit.views.hardening_mfa import mfa_html
from toolkit.views.hardening_sending import sending_html

GRAPH = "https://graph.microsoft.com/v1.0/$metadata#"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(tmp_path / "case")


def load(case: Case, tmp_path: Path, body: Any, name: str = "file.json") -> None:
    (tmp_path / name).write_text(json.dumps(body), "utf-8")
    case.load(tmp_path / name)


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"@odata.context": f"{GRAPH}identity/conditionalAccess/policies", "value": []}, "no policy"),
        ({"@odata.context": f"{GRAPH}conditionalAccess/policies", "value": []}, "no policy"),
        ({"@odata.context": f"{GRAPH}conditionalAccess/policies", "value": [], "@odata.nextLink": "x"}, "not checked"),
        ({"@odata.context": f"{GRAPH}conditionalAccess/namedLocations", "value": []}, "not checked"),
        ({"value": []}, "not checked"),
        ([], "not checked"),
    ],
)
def test_an_empty_page_of_policies_is_no_policy(case: Case, tmp_path: Path, body: Any, state: str) -> None:
    load(case, tmp_path, {"value": [registered("anna", "mobilePhone")]}, "registration.json")
    load(case, tmp_path, OFF[0] | {"description": "x"}, "defaults.json")
    load(case, tmp_path, body, "policies.json")
    report = harden.mfa(case)
    assert {a.required.state for a in report.accounts} == {state}
    page = mfa_html(report)
    assert ("There is no Conditional Access policy." in page) is (state == "no policy")
    assert ("the file policies.json of this case" in page) is (state == "no policy")


@pytest.mark.parametrize(("name", "known"), [("restricted-senders.json", True), ("senders.json", False)])
def test_a_bare_empty_list_counts_by_its_file_name(case: Case, tmp_path: Path, name: str, known: bool) -> None:
    load(case, tmp_path, [], name)
    page = sending_html(harden.sending(case))
    assert ("Nobody is on the list of restricted senders" in page) is known
    assert ("saved as restricted-senders.json" in page) is not known


def test_an_empty_page_of_licences_says_that_there_are_none(case: Case, tmp_path: Path) -> None:
    load(case, tmp_path, {"@odata.context": f"{GRAPH}subscribedSkus", "value": []})
    assert harden.auditing(case).settings.licences == []
