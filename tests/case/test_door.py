"""The door: exports straight into pandas, and an import that costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import toolkit
from tests.formats.exports import SAMPLES, document, page, purview, row, sign_in, written
from tests.needs import ROOT
from toolkit.errors import EvidenceError, UsageError
from toolkit.tables import AUDIT, SECURE_SCORE_CONTROLS, SECURE_SCORES, SIGNINS


@pytest.mark.filterwarnings("ignore:.*names a next page.*")
def test_sign_ins_come_as_a_dataframe_with_utc_times_and_accounting() -> None:
    frame = toolkit.load_signins(sorted(SAMPLES.glob("signins-*-interactive-*.json")))
    assert isinstance(frame, pd.DataFrame)
    assert set(SIGNINS.names) <= set(frame.columns)
    assert str(frame.time.dtype) == "datetime64[us, UTC]"
    assert frame.time.is_monotonic_increasing
    accounts = frame.attrs["accounting"]
    assert sum(a["rows"] for a in accounts) == len(frame) == 156
    assert all(a["read"] == a["rows"] + a["duplicates"] + a["rejected"] for a in accounts)


def test_audit_records_come_as_a_dataframe(tmp_path: Path) -> None:
    frame = toolkit.load_audit(purview(tmp_path / "a.csv", document("b"), document("a")), str(tmp_path / "a.csv"))
    assert set(AUDIT.names) <= set(frame.columns)
    assert frame.row_id.tolist() == ["a", "b"]
    assert frame.time[0].isoformat() == "2026-03-04T05:06:07+00:00"
    assert [a["rows"] for a in frame.attrs["accounting"]] == [2, 0]


def test_secure_scores_and_their_controls_come_as_dataframes() -> None:
    scores = toolkit.load_secure_score(SAMPLES / "secure-scores.json")
    assert (len(scores), set(SECURE_SCORES.names) <= set(scores.columns)) == (40, True)
    assert str(scores.time.dtype) == "datetime64[us, UTC]"
    controls = toolkit.load_secure_score(SAMPLES / "secure-score-control-profiles.json", table="secure_score_controls")
    assert (len(controls), set(SECURE_SCORE_CONTROLS.names) <= set(controls.columns)) == (30, True)


def test_what_was_rejected_is_a_warning_and_the_rest_is_there(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 of 2 records were rejected"):
        frame = toolkit.load_signins(written(tmp_path / "x.json", [sign_in("a"), 7]))
    assert len(frame) == 1


def test_an_export_without_records_is_an_empty_table(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="holds no records"):
        frame = toolkit.load_audit(purview(tmp_path / "none.csv"))
    assert frame.empty
    assert str(frame.time.dtype) == "datetime64[us, UTC]"


def test_nothing_usable_is_one_sentence_about_each_file(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    written(tmp_path / "unknown.json", '{"a": 1}')
    with pytest.raises(EvidenceError, match=r"No audit could be loaded\. empty\.csv: .*unknown\.json: ") as error:
        toolkit.load_audit(tmp_path / "empty.csv", tmp_path / "unknown.json")
    assert "\n" not in str(error.value)
    with pytest.raises(EvidenceError, match=r"nothere\.csv: there is no such file"):
        toolkit.load_signins(tmp_path / "nothere.csv")
    nothing = row("", "", CreationDate="", Operation="", UserId="")
    with pytest.raises(EvidenceError, match="tells nothing"):
        toolkit.load_audit(purview(tmp_path / "nothing.csv", nothing))
    with pytest.raises(UsageError, match="nothing to load"):
        toolkit.load_signins()


def test_evidence_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="belongs to signins"):
        toolkit.load_audit(written(tmp_path / "x.json", page(sign_in("a"))))


def test_local_dates_are_settled_by_the_caller(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "CreationDate,UserIds,Operations,AuditData\r\n3/4/2026 7:00 AM,a@b.c,Send,\r\n")
    with pytest.warns(UserWarning, match="own columns"):
        frame = toolkit.load_audit(path, date_order="dmy")
    assert frame.time[0].isoformat() == "2026-04-03T07:00:00+00:00"


@pytest.mark.parametrize("name", ["toolkit", "toolkit.errors", "toolkit.cli"])
def test_importing_costs_no_heavy_library(name: str) -> None:
    heavy = {"duckdb", "pandas", "pyarrow", "ibis", "plotly", "msal", "requests", "IPython"}
    code = f"import sys, {name}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_at_the_door_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_mail'"):
        _ = toolkit.load_mail
