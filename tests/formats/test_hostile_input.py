"""What an attacker or a broken pipeline may put into a file: it costs at most the record it stands in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats.exports import (
    PURVIEW,
    accounted,
    csv_text,
    document,
    named,
    page,
    purview,
    row,
    sign_in,
    written,
)
from toolkit.case import Case

HUGE = "9" * 40


def test_a_csv_of_ten_thousand_columns(case: Case, tmp_path: Path) -> None:
    more = 10_000 - len(PURVIEW.split(","))
    header = PURVIEW + "".join(f",extra{n}" for n in range(more))
    rows = [row(document(f"r{n}")) + ["x"] * more for n in range(3)]
    account = accounted(case.load(written(tmp_path / "wide.csv", csv_text(header, rows))).files[0])
    assert (account.read, account.rows, account.rejected) == (3, 3, 0)
    assert sorted(case.frame("audit").record_id) == ["r0", "r1", "r2"]
    assert '"extra9991":"x"' in case.raw(["r1"], "audit")["r1"]


def test_a_record_of_ten_thousand_keys(case: Case, tmp_path: Path) -> None:
    wide = document("w") | {f"Extra{n}": n for n in range(10_000)}
    account = accounted(case.load(written(tmp_path / "wide.json", [wide, document("x")])).files[0])
    assert (account.rows, account.rejected) == (2, 0)


@pytest.mark.parametrize("size", [70_000, 3_000_000, 40_000_000])
def test_a_gigantic_cell_is_kept_and_its_neighbours_load(size: int, case: Case, tmp_path: Path) -> None:
    purview(tmp_path / "big.csv", document("a"), document("b", Item={"Subject": "x" * size}), document("c"))
    account = accounted(case.load(tmp_path / "big.csv").files[0])
    assert (account.rows, account.rejected) == (3, 0)
    lengths = case.sql("SELECT record_id, length(subject) AS n FROM audit ORDER BY record_id")
    assert lengths.n.fillna(0).to_list() == [0, size, 0]


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("RecordType", int(HUGE), "record_type"),
        ("RecordType", HUGE, "record_type"),
        ("LogonType", 2**63, "logon_type"),
        ("OperationCount", -(2**64), "operation_count"),
        ("OperationCount", 1e308, "operation_count"),
        ("ErrorNumber", "1" * 5_000, "error_number"),
        ("CreationTime", "12026-03-04T05:06:07", "time"),
        ("CreationTime", "9999999-12-31T23:59:59Z", "time"),
        ("CreationTime", "0000-00-00T00:00:00Z", "time"),
        ("CreationTime", "/Date(99999999999999999999)/", "time"),
        ("CreationTime", 10**30, "time"),
    ],
)
def test_numbers_and_dates_beyond_all_bounds_are_empty_and_the_record_stays(
    field: str, value: Any, column: str, case: Case, tmp_path: Path
) -> None:
    records = [document("fine"), document("odd", **{field: value})]
    account = accounted(case.load(written(tmp_path / "odd.json", records)).files[0])
    assert (account.rows, account.rejected) == (2, 0)
    rows = case.sql(f"SELECT record_id, {column} IS NULL AS empty FROM audit ORDER BY record_id").set_index("record_id")
    assert bool(rows["empty"]["odd"])
    assert str(value)[:20] in case.raw(["odd"], "audit")["odd"]
    assert len(case.frame("audit")) == 2


def test_every_number_as_text_and_every_text_as_number(case: Case, tmp_path: Path) -> None:
    texts = sign_in("t", status={"errorCode": "50126"}, autonomousSystemNumber="64500", isInteractive="false")
    numbers = sign_in("n", userDisplayName=7, userAgent=1.5, location={"city": 12, "countryOrRegion": True})
    account = accounted(case.load(written(tmp_path / "s.json", page(texts, numbers))).files[0])
    assert (account.rows, account.rejected) == (2, 0)
    rows = case.frame("signins").set_index("record_id")
    assert (rows.error_code["t"], rows.autonomous_system_number["t"]) == (50126, 64500)
    assert not rows.is_interactive["t"]
    assert (rows.user_display_name["n"], rows.user_agent["n"], rows.city["n"]) == ("7", "1.5", "12")


def test_keys_that_come_twice_cost_nothing_but_certainty(case: Case, tmp_path: Path) -> None:
    text = json.dumps(document("d"))[:-1] + ', "UserId": "other@contoso.com", "Operation": "HardDelete"}'
    account = accounted(case.load(written(tmp_path / "d.json", f"[{text}]")).files[0])
    assert (account.rows, account.rejected) == (1, 0)
    assert "HardDelete" in case.raw(["d"], "audit")["d"]


def test_overlong_utf8_is_no_other_spelling_of_a_slash(case: Case, tmp_path: Path) -> None:
    data = json.dumps([document("o", Item={"Subject": "A?B"})]).encode().replace(b"A?B", b"A\xc0\xafB")
    (tmp_path / "o.json").write_bytes(data)
    account = accounted(case.load(tmp_path / "o.json").files[0])
    assert (account.rows, account.rejected) == (1, 0)
    assert case.frame("audit").subject.iloc[0] not in ("A/B", "AB")
    assert "not UTF-8" in " ".join(account.notes)


def test_newlines_of_every_kind_between_rows_and_inside_cells(case: Case, tmp_path: Path) -> None:
    rows = [row(document(f"r{n}", Parameters=named(Name="a\r\nb\nc\rd"))) for n in range(4)]
    lines = [csv_text(PURVIEW, [r]).split("\r\n", 1)[1].rstrip("\r\n") for r in rows]
    text = PURVIEW + "\r\n" + lines[0] + "\n" + lines[1] + "\r\n" + lines[2] + "\n" + lines[3] + "\n\n"
    (tmp_path / "mixed.csv").write_bytes(text.encode())
    account = accounted(case.load(tmp_path / "mixed.csv").files[0])
    assert (account.rows, account.rejected) == (4, 0)
