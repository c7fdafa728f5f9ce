"""`triage --verdict`: a finding is judged by the name that stands beside it, as in notebook 1."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.detect.alone import acts
from tests.detect.test_identity import APP, consent
from tests.formats.conftest import case
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, OWNER, key_of, meant_by, short_of, verdicts
from toolkit.cli import cli
from toolkit.collect.marks import pivots_open
from toolkit.detect import triage
from toolkit.errors import UsageError

__all__ = ["case"]


@pytest.fixture
def audited(case: Case, tmp_path: Path) -> Case:
    """Two people let an application in."""
    acts(case, tmp_path, consent("a", "Mail.Read"), consent("b", "Mail.Read", "lee@contoso.com", 1))
    return case


def run(case: Case, *words: str) -> Result:
    return CliRunner().invoke(cli, ["triage", "--case", str(case.folder), *words])


def test_a_finding_is_judged_by_its_name_and_the_verdict_is_taken_back_by_it(audited: Case) -> None:
    shown = run(audited).stdout
    names = re.findall(r"^[A-Z]+ +([A-Z]+-\d+-[0-9a-f]{8})  ", shown, re.MULTILINE)
    found = triage(audited).findings
    assert names == [short_of(key_of(f.id, f.user, f.evidence)) for f in found]
    assert len(set(names)) == len(names)
    assert len(names) == 2
    name, finding = names[1], found[1]
    key = key_of(finding.id, finding.user, finding.evidence)

    done = run(audited, "--verdict", f"{name.lower()}=Attacker", "--note", "she never heard of it")
    assert done.exit_code == 0, done.output
    assert f"{name} {finding.user}: {finding.title}: judged the attacker's." in done.stdout
    assert f"Judged the attacker's, and not looked for in the other accounts yet: application {APP}. " in done.stdout
    given = verdicts(audited)[key]
    assert (given.verdict, given.note) == (ATTACKER, "she never heard of it")
    assert pivots_open(audited)
    assert "Verdict: attacker, decided" in run(audited).stdout
    said = json.loads(run(audited, "--json").stdout)["findings"]
    assert [(f["key"], f["short"], f["verdict"]) for f in said if f["verdict"]] == [(key, name, ATTACKER)]

    assert run(audited, "--verdict", f"{key}=owner").exit_code == 0
    assert verdicts(audited)[key].verdict == OWNER
    done = run(audited, "--take-back", name)
    assert f"{name} {finding.user}: the verdict is taken back." in done.stdout
    assert verdicts(audited) == {}
    assert len(audited.journal.entries("verdict")) == 3
    again = run(audited, "--take-back", name)
    assert str(again.exception) == f"There is no verdict on {name} that could be taken back."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--verdict", "{name}"], "is no verdict: write KEY=attacker, KEY=owner or KEY=unknown"),
        (["--verdict", "{name}=guilty"], "is no verdict: write KEY=attacker"),
        (["--verdict", "{name}=attacker", "--verdict", "OA-01=owner"], "There is no finding 'OA-01' in this case"),
        (["--verdict", "{name}=attacker", "--verdict", "{name}=owner"], "it was given two verdicts"),
        (["--verdict", "{name}=attacker", "--take-back", "{name}"], "not both at once"),
        (["--note", "why"], "A note belongs to a verdict"),
    ],
)
def test_what_is_no_verdict_is_one_sentence_and_nothing_is_written(audited: Case, words: list[str], said: str) -> None:
    finding = triage(audited).findings[0]
    name = short_of(key_of(finding.id, finding.user, finding.evidence))
    done = run(audited, *(word.format(name=name) for word in words))
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert audited.journal.entries("verdict") == []


def test_a_short_name_that_two_findings_have_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.case.verdicts.SHORT", 0)
    with pytest.raises(UsageError, match=r"each of these findings: name one in full: IR-01\|a@b\.c\|0, IR-01\|"):
        meant_by("IR-01-", ["IR-01|a@b.c|0", "IR-01|b@b.c|1", "FW-01|a@b.c|0"])
