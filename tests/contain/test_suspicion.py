"""What findings say about the intruder reaches the plan; an undo against a finding waits for a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contain.room import VICTIM, Room
from tests.needs import ROOT
from toolkit import contain
from toolkit.case.verdicts import OWNER, give, key_of
from toolkit.detect import triage
from toolkit.errors import GuardRefused

SAMPLES = ROOT / "data" / "samples" / "contoso-bec"


@pytest.fixture
def evidence(room: Room) -> Room:
    files: list[Path] = [f for f in SAMPLES.iterdir() if f.suffix in (".csv", ".json") and f.stem != "answer-key"]
    room.case.load(files)
    return room


def test_the_plan_knows_since_when_and_whom_the_findings_name(evidence: Room) -> None:
    room = evidence
    suspicion = contain.suspicion_from(room.case, VICTIM, triage(room.case).findings)
    assert suspicion.since is not None
    assert f"{suspicion.since:%Y-%m-%d}" == "2026-09-16"
    assert "mail archive sync" in suspicion.names
    assert {"IR", "FW", "OA"} <= set(suspicion.standing)
    offers = room.plan(suspicion=suspicion).offers
    method = [o for o in offers if o.action.kind == "remove-method"]
    assert any(o.chosen for o in method)
    assert not all(o.chosen for o in method)
    assert all("made at 2026-09-1" in o.why for o in method if o.chosen)
    assert any("registered from " in o.why for o in method if o.chosen)  # whence, by the audit log
    assert not any("registered from " in o.why for o in method if not o.chosen)
    nobody = contain.suspicion_from(room.case, "felix.brandt@contoso.com", triage(room.case).findings)
    assert (nobody.since, dict(nobody.standing)) == (None, {})


def test_an_undo_against_a_finding_waits_until_somebody_judged_it(evidence: Room) -> None:
    room = evidence
    found = triage(room.case).findings
    key = room.rule_key("..")

    def ready() -> tuple[contain.Plan, contain.Confirmation]:
        plan = room.plan(chosen=[key], suspicion=contain.suspicion_from(room.case, VICTIM, found))
        return plan, contain.confirm(plan, VICTIM)

    plan, yes = ready()
    assert contain.run(plan, key, yes).status == "done"
    plan, yes = ready()
    with pytest.raises(GuardRefused, match="stands behind this step"):
        contain.undo(plan, key, yes)
    for finding in found:
        if finding.user == VICTIM and finding.id.startswith("IR-"):
            give(room.case, key_of(finding.id, finding.user, finding.evidence), OWNER, "told by telephone")
    plan, yes = ready()
    assert contain.undo(plan, key, yes).status == "done"
