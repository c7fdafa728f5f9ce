"""The network beside an address: looked up once, and anew as soon as evidence was loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.exports import document, purview
from toolkit import open_case
from toolkit.enrich.addresses import addresses
from toolkit.views import evidence_rows
from toolkit.views.evidence_rows import EvidenceRows


def test_networks_are_looked_up_once_until_evidence_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(evidence_rows, "addresses", lambda case: looked.append("") or addresses(case))
    case = open_case(tmp_path / "case")
    case.load(purview(tmp_path / "a.csv", document("a", ClientIP="8.8.8.8")))
    first, _ = EvidenceRows(case, "audit").page()
    EvidenceRows(case, "audit").page()
    assert [network.split(" · ")[0] for network in first.network] == ["US"]
    assert len(looked) == 1
    open_case(tmp_path / "case").load(purview(tmp_path / "b.csv", document("b", ClientIP="37.120.200.44")))
    both, _ = EvidenceRows(case, "audit").page()
    assert all(both.network)
    assert len(set(both.network)) == len(looked) == 2
    case.close()
