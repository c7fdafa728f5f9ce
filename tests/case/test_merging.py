"""One row per record: what comes again is counted, what is fuller fills, what contradicts is kept and flagged."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.formats.exports import BETA, SAMPLES, accounted, document, page, purview, sign_in, written
from toolkit import open_case
from toolkit.case import Case


def content(case: Case, table: str) -> pd.DataFrame:
    """The table without where its rows were first read."""
    frame = case.frame(table).drop(columns=["file", "position"])
    return frame.sort_values("row_id").reset_index(drop=True)


def counts(case: Case, *paths: Path) -> list[tuple[int, int, int]]:
    return [(a.rows, a.duplicates, a.rejected) for a in map(accounted, case.load(*paths).files)]


def test_v1_and_beta_of_one_sign_in_come_to_one_full_row_in_either_order(tmp_path: Path) -> None:
    v1 = written(tmp_path / "v1.json", page(sign_in("A", resourceId="r"), sign_in("B")))
    rich = {"sessionId": "s", "uniqueTokenIdentifier": "t", "autonomousSystemNumber": 9009}
    beta = written(tmp_path / "beta.json", page(sign_in("a", **rich), sign_in("c", **rich), context=BETA))
    tables = []
    for name, order in (("one", (v1, beta)), ("other", (beta, v1))):
        case = open_case(tmp_path / name)
        assert counts(case, *order) == [(2, 0, 0), (1, 1, 0)]
        tables.append(content(case, "signins"))
        row = tables[-1].set_index("row_id").loc["a"]
        assert (row.session_id, row.resource_id, row.autonomous_system_number) == ("s", "r", 9009)
        assert not tables[-1].conflict.any()
        assert case.verify() == []
        case.close()
    pd.testing.assert_frame_equal(*tables)


def test_records_that_contradict_each_other_are_all_kept_and_flagged(case: Case, tmp_path: Path) -> None:
    first = written(tmp_path / "1.json", [sign_in("x", ipAddress="192.0.2.1"), sign_in("y")])
    second = written(tmp_path / "2.json", [sign_in("x", ipAddress="192.0.2.2")])
    third = written(tmp_path / "3.json", [sign_in("x", ipAddress="192.0.2.3")])
    assert counts(case, first) == [(2, 0, 0)]
    assert counts(case, second) == [(1, 0, 0)]
    said = case.frame("signins").set_index("row_id")
    assert sorted(said.index) == ["x", "x~2", "y"]
    assert said.conflict.to_dict() == {"x": True, "x~2": True, "y": False}
    assert counts(case, third) == [(1, 0, 0)]
    said = case.frame("signins").set_index("row_id")
    assert {i: a for i, a in said.ip_address.items() if i != "y"} == {
        "x": "192.0.2.1",
        "x~2": "192.0.2.2",
        "x~3": "192.0.2.3",
    }
    assert case.count("signins") == len(said) == 4
    assert counts(case, second) == [(0, 1, 0)]
    assert set(case.raw(["x", "x~2", "x~3"], "signins")) == {"x", "x~2", "x~3"}
    assert case.verify() == []


def test_spelling_is_no_contradiction(case: Case, tmp_path: Path) -> None:
    one = document("n1", UserId="Adele@Contoso.com", ClientIP="[::ffff:192.0.2.1]:99", Parameters=[{"Name": "a"}])
    other = document("N1", UserId="adele@contoso.com", ClientIP="192.0.2.1:1", CreationTime="2026-03-04T05:06:07.0Z")
    text = json.dumps(other)[:-1] + ', "Parameters": [ {"Name":  "a"} ]}'
    purview(tmp_path / "1.csv", one)
    purview(tmp_path / "2.csv", text)
    assert counts(case, tmp_path / "1.csv", tmp_path / "2.csv") == [(1, 0, 0), (0, 1, 0)]
    assert not case.frame("audit").conflict.any()


def test_duplicates_inside_one_file_are_counted_and_contradictions_kept(case: Case, tmp_path: Path) -> None:
    records = [sign_in("d")] * 118 + [sign_in("e", ipAddress="192.0.2.1"), sign_in("e", ipAddress="192.0.2.2")]
    assert counts(case, written(tmp_path / "d.json", page(*records))) == [(3, 117, 0)]
    assert sorted(case.frame("signins").row_id) == ["d", "e", "e~2"]


def test_a_full_record_after_its_partial_one_makes_one_whole_row(case: Case, tmp_path: Path) -> None:
    cut = ["p1", "2026-03-04T05:06:07Z", "2", "Send", "adele@contoso.com", '{"Id": "p1", "Crea', "", ""]
    purview(tmp_path / "cut.csv", cut)
    purview(tmp_path / "whole.csv", document("p1", Item={"Subject": "hello"}))
    assert counts(case, tmp_path / "cut.csv", tmp_path / "whole.csv") == [(1, 0, 0), (0, 1, 0)]
    said = case.frame("audit").iloc[0]
    assert (said.row_id, said.subject, bool(said.partial), bool(said.conflict)) == ("p1", "hello", False, False)


def test_records_without_id_are_told_apart_by_what_they_say(case: Case, tmp_path: Path) -> None:
    plain = {k: v for k, v in sign_in("").items() if k != "id"}
    other = plain | {"ipAddress": "192.0.2.99"}
    assert counts(case, written(tmp_path / "n.json", [plain, plain, other])) == [(2, 1, 0)]
    assert counts(case, written(tmp_path / "m.json", [other])) == [(0, 1, 0)]


def test_the_same_bytes_under_another_name_are_the_same_file(case: Case, tmp_path: Path) -> None:
    first = written(tmp_path / "first.json", page(sign_in("a"), 7))
    second = tmp_path / "second.txt"
    second.write_bytes(first.read_bytes())
    before = case.load(first)
    after = case.load(second)
    assert counts(case, second) == [(0, 1, 1)]
    assert (after.files[0].sha256, after.head) == (before.files[0].sha256, before.head)
    assert after.files[0].notes[0].startswith("second.txt: 1 of 2 records were rejected")
    assert len(list((case.folder / "evidence").iterdir())) == 1


def test_overlapping_exports_of_the_sample_add_nothing_twice(tmp_path: Path) -> None:
    files = sorted(SAMPLES.glob("*.csv")) + sorted(SAMPLES.glob("signins-*.json"))
    tables: list[list[pd.DataFrame]] = []
    for name, order in (("as-is", files), ("reversed", files[::-1])):
        case = open_case(tmp_path / name)
        accounts = [accounted(a) for a in case.load(order).files]
        assert sum(a.rows for a in accounts) == case.count("audit") + case.count("signins")
        assert sum(a.duplicates for a in accounts) == 143 + 156
        tables.append([content(case, "audit"), content(case, "signins")])
        case.close()
    for one, other in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, other)
        assert not one.conflict.any()


SCORES = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", "C"]), "createdDateTime": st.just("2026-03-04T00:00:00Z"),
     "controlScores": st.just([])},
    optional={"currentScore": st.sampled_from([1, 2, "2.0", 3]), "maxScore": st.sampled_from([9, None]),
              "azureTenantId": st.sampled_from(["t", ""])},
)  # fmt: skip


@given(records=st.lists(SCORES, min_size=1, max_size=6), data=st.data())
@settings(max_examples=16, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_split_overlap_and_order_of_exports_comes_to_the_same_table(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    pieces = data.draw(st.lists(st.lists(st.sampled_from(records), min_size=1, max_size=4), max_size=2))
    cut = data.draw(st.integers(0, len(records)))
    exports = data.draw(st.permutations([e for e in (records[:cut], records[cut:], *pieces) if e]))
    marked = {"currentScore": None, "controlScores": []}
    with tempfile.TemporaryDirectory() as folder:
        tables = []
        for name, group in (("whole", [records]), ("split", exports)):
            case = open_case(Path(folder) / name)
            accounts = []
            for n, export in enumerate(group):
                path = written(Path(folder) / f"{name}{n}.json", [marked | r for r in export])
                accounts.append(accounted(case.load(path).files[0]))
                assert accounts[-1].read == len(export)
                assert accounts[-1].rejected == 0
            tables.append(content(case, "secure_scores"))
            assert sum(a.rows for a in accounts) == len(tables[-1]) == case.count("secure_scores")
            assert tables[-1].row_id.is_unique
            assert case.verify() == []
            case.close()
        pd.testing.assert_frame_equal(*tables)
