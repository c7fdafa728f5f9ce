"""Broken evidence: one clear sentence, the rest is loaded, and every record is accounted for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.formats.exports import (
    PURVIEW,
    PURVIEW_OLD,
    accounted,
    csv_text,
    document,
    page,
    purview,
    row,
    sign_in,
    written,
)
from toolkit.case import Case
from toolkit.case.catalog import FileAccount


def load_twice(case: Case, path: Path) -> FileAccount:
    """Load a file, check what holds for every file, load it again: nothing new, and the same said."""
    account = accounted(case.load(path).files[0])
    assert all(note.startswith(f"{path.name}: ") and note.endswith(".") for note in account.notes), account.notes
    assert not any("Error" in note or "Traceback" in note or "\n" in note for note in account.notes)
    again = accounted(case.load(path).files[0])
    assert (again.rows, again.duplicates, again.rejected) == (0, account.read - account.rejected, account.rejected)
    assert (again.format, again.read, again.notes) == (account.format, account.read, account.notes)
    return account


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n \r\n\t\n", "nothing but blanks"),
        (b"\xef\xbb\xbf\n", "nothing but blanks"),
        (b"a,b\r\n1,2\r\n", "columns a, b"),
        (b'{"a": 1}', "keys a"),
        (b"just words\nand more\n", "neither CSV with a header nor JSON"),
        (b"PK\x03\x04rest", "archive is damaged"),
        (b"(\xb5/\xfdrest", "zstd file holds nothing readable"),
        (b"SQLite format 3\x00rest", "SQLite"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (gzip.compress(b""), "nothing readable"),
        (b"[]", "no record"),
        (b'{"value":[]}', "no record"),
        (b"[1, 2, 3]", "no record"),
        (b"[" * 300_000, "no record"),
        (b"{" + b"\x00" * 5000, "no record"),
        (bytes(range(128, 256)) + b",\x01\x02;" * 2000, "neither CSV with a header nor JSON"),
        (gzip.compress(b"\x00" * 30_000_000), "over 400 times its size"),
    ],
    ids=["empty", "blanks", "bom-only", "unknown-csv", "unknown-json", "prose", "zip", "zstd", "sqlite", "gzip-head",
         "gzip-of-nothing", "empty-array", "empty-page", "numbers", "brackets", "nul-json", "noise", "gzip-bomb"],
)  # fmt: skip
def test_a_file_that_is_no_evidence_is_read_0_with_one_sentence(
    case: Case, tmp_path: Path, data: bytes, says: str
) -> None:
    (tmp_path / "strange.csv").write_bytes(data)
    account = load_twice(case, tmp_path / "strange.csv")
    assert (account.format, account.table, account.read) == ("", "", 0)
    assert len(account.notes) == 1
    assert says in account.notes[0]
    assert case.verify() == []


def test_a_path_that_is_not_there_is_said_and_the_others_load(case: Case, tmp_path: Path) -> None:
    good = purview(tmp_path / "good.csv", document("g1"))
    files = case.load(tmp_path / "nowhere.csv", good).files
    assert files[0].notes == ["nowhere.csv: there is no such file."]
    assert files[1].rows == 1


def test_an_export_without_records_says_so(case: Case, tmp_path: Path) -> None:
    account = load_twice(case, purview(tmp_path / "none.csv"))
    assert (account.format, account.read) == ("purview-csv", 0)
    assert account.notes == ["none.csv: it holds no records."]


def test_a_cut_gzip_gives_what_came_before_the_break(case: Case, tmp_path: Path) -> None:
    whole = purview(tmp_path / "whole.csv", *[document(f"id-{n}", Noise=f"{n * 7919 % 104729:x}") for n in range(3000)])
    packed = gzip.compress(whole.read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) * 2 // 3])
    account = load_twice(case, tmp_path / "cut.csv.gz")
    assert 500 < account.rows < 3000
    assert account.rejected <= 1
    assert "cut or damaged" in account.notes[0]
    assert "export it again" in account.notes[0]


@pytest.mark.parametrize(
    ("broken", "rejected", "says"),
    [
        ("x,y\r\n", 1, "has 2 of the header's 8 cells"),
        (",".join("abcdefghijk") + "\r\n", 1, "has 11 of the header's 8 cells"),
        ('z,"never closed\r\n', 1, "line 3"),
        ('id,"stray" quote,2,Send,a@b.c,{},,\r\n', 1, "line 3 is broken"),
        ("a\x00b\r\n", 1, "has 1 of the header's 8 cells"),
        ("x\r\n\r\ny\r\n", 1, "line 3"),
    ],
    ids=["too-few", "too-many", "unterminated", "stray", "nul", "several"],
)
def test_broken_csv_lines_are_rejected_and_the_rows_around_them_load(
    case: Case, tmp_path: Path, broken: str, rejected: int, says: str
) -> None:
    first, last = (csv_text(PURVIEW, [row(document(i))]).partition("\r\n")[2] for i in ("before", "after"))
    path = written(tmp_path / "b.csv", "")
    path.write_bytes((PURVIEW + "\r\n" + first + broken + last).encode())
    account = load_twice(case, path)
    assert (account.rows, account.rejected) == (2, rejected)
    assert says in account.notes[-1]
    assert sorted(case.frame("audit").row_id) == ["after", "before"]
    assert all(r in case.raw([r], "audit")[r] for r in ("before", "after"))
    (written_down,) = (case.folder / "rejected").iterdir()
    kept = pq.read_table(written_down).to_pylist()
    assert len(kept) == rejected
    assert kept[0]["text"].replace("\x00", "")[:1] in broken


def test_lost_documents_leave_partial_rows_where_the_envelope_tells(case: Case, tmp_path: Path) -> None:
    cut = json.dumps(document("cut"))[:60]
    nothing = {"CreationDate": "", "Operation": "", "UserId": ""}
    rows = [
        row(document("ok")),
        row("", "empty"),
        row(cut, "cut"),
        row("not json at all", "words"),
        row("[1,2]", "array"),
        row("", "", **nothing, RecordType=""),
        row("", "only-id", **nothing),
    ]
    account = load_twice(case, purview(tmp_path / "p.csv", *rows))
    assert (account.read, account.rows, account.partial, account.rejected) == (7, 5, 4, 2)
    assert "4 of the rows were kept from the export's own columns alone" in account.notes[-2]
    assert "tells nothing" in account.notes[-1]
    said = case.frame("audit").set_index("row_id")
    assert said.index[said.partial].sort_values().tolist() == ["array", "cut", "empty", "words"]
    assert said.loc["cut"].operation == "Send"
    assert said.time.notna().all()
    assert cut in json.loads(case.raw(["cut"], "audit")["cut"])["AuditData"]


def test_half_a_surrogate_pair_is_replaced_and_said(case: Case, tmp_path: Path) -> None:
    text = json.dumps(document("s1"))[:-1] + r', "Item": {"Subject": "x \ud800 y"}}'
    account = load_twice(case, purview(tmp_path / "s.csv", row(text, "s1"), document("s2")))
    assert (account.rows, account.partial, account.rejected) == (2, 0, 0)
    assert "surrogate" in account.notes[0]
    assert case.frame("audit").set_index("row_id").loc["s1"].subject == "x � y"


def test_half_a_surrogate_pair_in_a_sign_in_costs_no_row(case: Case, tmp_path: Path) -> None:
    text = json.dumps([sign_in("j1", userDisplayName="PLACE"), sign_in("j2")]).replace("PLACE", r"a\udc00b")
    account = load_twice(case, written(tmp_path / "s.json", text))
    assert (account.rows, account.rejected) == (2, 0)


def test_a_record_without_time_is_kept_and_said(case: Case, tmp_path: Path) -> None:
    record = row({"Id": "t1", "Operation": "Send"}, CreationDate="")
    account = load_twice(case, purview(tmp_path / "t.csv", record))
    assert account.rows == 1
    assert "1 of the rows carry no time" in account.notes[0]


def test_deep_nesting_costs_a_document_at_most(case: Case, tmp_path: Path) -> None:
    deep = '{"Id":"deep","x":' + "[" * 100_000 + "]" * 100_000 + "}"
    account = load_twice(case, purview(tmp_path / "d.csv", row(deep, "deep"), document("flat")))
    assert (account.rows, account.rejected) == (2, 0)
    text = json.dumps(sign_in("j1"))[:-1] + ',"x":' + "[" * 100_000 + "]" * 100_000 + "}"
    path = written(tmp_path / "d.json", f"[{text},{json.dumps(sign_in('j2'))}]")
    account = load_twice(case, path)
    assert account.read == 2
    assert "j2" in set(case.frame("signins").row_id)


def test_a_record_of_50_megabytes_loads_beside_small_ones(case: Case, tmp_path: Path) -> None:
    big = document("big", Item={"Subject": "z" * 50_000_000})
    account = load_twice(case, purview(tmp_path / "big.csv", big, document("small")))
    assert (account.rows, account.partial, account.rejected) == (2, 0, 0)
    assert case.sql("SELECT length(subject) AS n FROM audit WHERE row_id = 'big'").n[0] == 50_000_000


def test_nuls_inside_a_document_do_not_stop_a_load(case: Case, tmp_path: Path) -> None:
    path = purview(tmp_path / "n.csv", row(json.dumps(document("n1"))[:-1] + ',"x":"a\x00b"}', "n1"), document("n2"))
    account = load_twice(case, path)
    assert (account.rows, account.rejected) == (2, 0)


@pytest.mark.parametrize(
    ("text", "rows", "rejected", "says"),
    [
        (lambda a, b, c: json.dumps(page(a, b))[:-120], 1, 1, "cut"),
        (lambda a, b, c: json.dumps([a, b])[:-80], 1, 1, "cut"),
        (lambda a, b, c: json.dumps([a, b])[:-1], 2, 1, "cut"),
        (lambda a, b, c: json.dumps(page(a, "MARK", c)).replace('"MARK"', '{"id": broken}'), 2, 1, "record 2"),
        (lambda a, b, c: json.dumps([a, "MARK", c]).replace('"MARK"', '{"id": "x",}'), 2, 1, "not valid JSON"),
        (lambda a, b, c: "\n".join([json.dumps(a), "{broken", json.dumps(c)]), 2, 1, "record 2 is not valid JSON"),
        (lambda a, b, c: "\n".join([json.dumps(a), '{"x": "open', json.dumps(c)]), 2, 1, "record 2"),
        (lambda a, b, c: json.dumps(page(a, 7, None, "x", [1], c)), 2, 4, "record 2 is no JSON object"),
        (lambda a, b, c: json.dumps([a, {}, c]), 2, 1, "tells nothing"),
    ],
    ids=["cut-page", "cut-array", "no-bracket", "broken-in-page", "broken-in-array", "broken-line", "open-text",
         "no-objects", "empty-object"],
)  # fmt: skip
def test_broken_json_is_rejected_and_the_records_around_it_load(
    case: Case, tmp_path: Path, text: Callable[..., str], rows: int, rejected: int, says: str
) -> None:
    path = written(tmp_path / "j.json", text(sign_in("a"), sign_in("b"), sign_in("c")))
    account = load_twice(case, path)
    assert (account.rows, account.rejected) == (rows, rejected), account
    assert f"{rejected} of {account.read} records were rejected" in account.notes[-1]
    assert says in account.notes[-1]
    assert "a" in set(case.frame("signins").row_id)


def ambiguous(folder: Path, *more: list[str]) -> Path:
    """An old-header export in which only the row's own date column tells the time of one record."""
    rows = [["3/4/2026 7:22:01 AM", "a@b.c", "Send", ""], *more]
    return written(folder / "local.csv", csv_text(PURVIEW_OLD, rows))


def time_of_partial(case: Case) -> str:
    return str(case.frame("audit").query("partial").time.iloc[0].isoformat())


def test_a_date_that_may_mean_two_days_is_rejected_with_what_to_do(case: Case, tmp_path: Path) -> None:
    account = load_twice(case, ambiguous(tmp_path))
    assert (account.read, account.rows, account.rejected) == (1, 0, 1)
    assert "--date-order mdy or --date-order dmy" in account.notes[-1]


@pytest.mark.parametrize(("order", "day"), [("mdy", "2026-03-04"), ("dmy", "2026-04-03")])
def test_the_analyst_says_which_and_the_same_file_loads(case: Case, tmp_path: Path, order: str, day: str) -> None:
    path = ambiguous(tmp_path)
    case.load(path)
    account = accounted(case.load(path, date_order=order).files[0])
    assert (account.rows, account.partial, account.rejected) == (1, 1, 0)
    assert time_of_partial(case) == f"{day}T07:22:01+00:00"


@pytest.mark.parametrize(
    ("other", "day"),
    [
        (["3/14/2026 7:22:01 AM", "a@b.c", "Send", ""], "2026-03-04"),
        (["14/3/2026 7:22:01 AM", "a@b.c", "Send", ""], "2026-04-03"),
        (["1/2/2026 12:00:00 AM", "a@b.c", "Send", json.dumps(document("x", CreationTime="2026-01-02T00:00:00"))],
         "2026-03-04"),
        (["1/2/2026 12:00:00 AM", "a@b.c", "Send", json.dumps(document("x", CreationTime="2026-02-01T00:00:00"))],
         "2026-04-03"),
    ],
    ids=["value-above-12-month-first", "value-above-12-day-first", "document-month-first", "document-day-first"],
)  # fmt: skip
def test_the_file_itself_settles_day_and_month(case: Case, tmp_path: Path, other: list[str], day: str) -> None:
    account = load_twice(case, ambiguous(tmp_path, other))
    assert (account.rows, account.rejected) == (2, 0)
    assert "as the file itself shows" in account.notes[0]
    first = case.sql("SELECT min(time) AS t FROM audit WHERE partial AND hour(time) = 7 AND day(time) < 5").t[0]
    assert first.isoformat() == f"{day}T07:22:01+00:00"


def test_a_file_that_shows_both_orders_is_not_guessed_at(case: Case, tmp_path: Path) -> None:
    path = ambiguous(tmp_path, ["3/14/2026 7:22:01 AM", "a@b.c", "x", ""], ["14/3/2026 7:22:01 AM", "a@b.c", "y", ""])
    account = load_twice(case, path)
    assert account.rejected >= 1
    assert "--date-order" in account.notes[-1]


def test_an_address_that_is_none_does_not_stop_its_file(case: Case, tmp_path: Path) -> None:
    spellings = ["localhost:12345", "host.local:1", "[x]:1", "dead:beef", "NOTANIPV4 (10.9000.0.1)", "<null>"]
    account = load_twice(
        case, purview(tmp_path / "i.csv", *[document(f"i{n}", ClientIP=s) for n, s in enumerate(spellings)])
    )
    assert (account.rows, account.rejected) == (6, 0)
    assert case.frame("audit").ip_address.isna().all()
    assert "host.local:1" in case.raw(["i1"], "audit")["i1"]


def test_one_bad_file_in_a_folder_leaves_the_others_loaded(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "exports" / "inner"
    folder.mkdir(parents=True)
    purview(folder / "a.csv", document("f1"))
    written(folder / "b.json", page(sign_in("f2")))
    (folder / "c.bin").write_bytes(b"\x00\x01\x02")
    (folder / ".hidden").write_text("x")
    files = case.load(tmp_path / "exports").files
    assert [(Path(f.path).name, f.rows) for f in files] == [("a.csv", 1), ("b.json", 1), ("c.bin", 0)]
