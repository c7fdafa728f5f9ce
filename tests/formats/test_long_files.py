"""Files too long to be held at once: read in pieces, with word of how far it is."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.formats.exports import accounted, document, page, purview, row, sign_in, written
from toolkit.case import Case
from toolkit.formats import json_records

LINES = [
    '{"a": 1}',
    '{"b": "}\\n{"}',
    '{"broken": "left open',
    '{"value": [{"c": 1}, {"d": {"e": 2}}]}',
    '{"f": [{"g": 1},\n{"h": 2}]}',
    '{"i": 3}\r\n{"j": 4}',
]


@pytest.mark.parametrize("piece", [1, 7, 16, 40, 10_000])
def test_json_lines_are_the_same_records_in_pieces_of_any_size(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(LINES)
    whole = list(json_records.records(io.StringIO(text, newline=""), json_records.Pages()))
    monkeypatch.setattr(json_records, "PIECE", piece)
    assert list(json_records.records(io.StringIO(text, newline=""), json_records.Pages())) == whole
    assert [r.position for r in whole if r.problem] == [3]
    assert len(whole) == 8


def test_a_long_file_of_json_lines_loads_whole(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "PIECE", 5_000)
    lines = written(tmp_path / "lines.json", "\n".join(json.dumps(sign_in(f"s{n}")) for n in range(300)))
    array = written(tmp_path / "page.json", page(*(sign_in(f"p{n}") for n in range(300))))
    accounts = [accounted(a) for a in case.load(lines, array).files]
    assert [(a.read, a.rows) for a in accounts] == [(300, 300), (300, 300)]
    assert case.positions("signins").groupby("file").position.max().to_list() == [300, 300]


def test_loading_says_how_far_it_is(case: Case, tmp_path: Path) -> None:
    said: list[tuple[str, float]] = []
    records = (row(document(f"r{n}", Item={"Subject": "x" * 20_000})) for n in range(1_000))
    purview(tmp_path / "long.csv", *records)
    written(tmp_path / "long.json", [sign_in(f"s{n}") for n in range(12_000)])
    case.load(tmp_path / "long.csv", tmp_path / "long.json", report=lambda what, share: said.append((what, share)))
    shares = {what: [share for told, share in said if told == what] for what, _ in said}
    assert {"Copying long.csv", "Reading long.csv", "Copying long.json", "Reading long.json"} == set(shares)
    assert all(0 <= share <= 1 for _, share in said)
    assert shares["Copying long.csv"][-1] == 1
    assert 0 < max(shares["Reading long.json"]) <= 1
