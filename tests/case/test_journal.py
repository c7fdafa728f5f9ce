"""The journal: a chain that shows what was changed, and survives a crash in the middle of a line."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.case.journal import EMPTY_HEAD, Journal
from toolkit.errors import CaseDamaged


def clock() -> datetime:
    return datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl", clock)


def test_each_line_carries_the_hash_of_the_exact_bytes_before_it(journal: Journal) -> None:
    assert journal.head == EMPTY_HEAD
    for n in range(3):
        journal.append("note", n=n, text="ünï\ncode")
    lines = journal.path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    for before, line in itertools.pairwise(lines):
        assert json.loads(line)["previous"] == hashlib.sha256(before).hexdigest()
    assert json.loads(lines[0])["previous"] == EMPTY_HEAD
    assert journal.head == hashlib.sha256(lines[-1]).hexdigest()
    assert [(e.seq, e.time, e.fields["n"]) for e in journal.entries("note")] == [
        (n + 1, "2026-03-04T05:06:07.000000Z", n) for n in range(3)
    ]
    assert journal.verify() == []


def test_a_head_noted_earlier_is_found_and_a_strange_one_is_named(journal: Journal) -> None:
    early = journal.append("a").hash
    journal.append("b")
    assert journal.verify(early) == []
    assert journal.verify(journal.head) == []
    assert journal.verify(EMPTY_HEAD) == []
    assert "f" * 16 in journal.verify("f" * 64)[0]


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_changed_line_is_found(journal: Journal, line: int) -> None:
    head = [journal.append("note", text=f"number {n}") for n in range(3)][-1].hash
    lines = journal.path.read_bytes().split(b"\n")
    lines[line] = lines[line].replace(b"number", b"nxmber")
    journal.path.write_bytes(b"\n".join(lines))
    # The last line has none behind it: only a head noted before shows that it was changed.
    assert journal.verify(head)
    if line < 2:
        assert f"line {line + 2}" in journal.verify()[0]


@pytest.mark.parametrize("line", [0, 1])
def test_a_line_taken_out_is_found(journal: Journal, line: int) -> None:
    for n in range(3):
        journal.append("note", n=n)
    lines = journal.path.read_bytes().split(b"\n")
    del lines[line]
    journal.path.write_bytes(b"\n".join(lines))
    assert "the chain is broken" in journal.verify()[0]


def test_words_put_between_the_lines_are_found(journal: Journal) -> None:
    for n in range(3):
        journal.append("note", n=n)
    lines = journal.path.read_bytes().split(b"\n")
    lines.insert(2, b"nothing to see")
    journal.path.write_bytes(b"\n".join(lines))
    assert "no journal entry" in journal.verify()[0]
    with pytest.raises(CaseDamaged):
        journal.entries()


@pytest.mark.parametrize("cut", [2, 20, 60])
def test_a_torn_last_line_is_named_and_closed_by_the_next(journal: Journal, cut: int) -> None:
    journal.append("a")
    head = journal.append("b").hash
    journal.append("c")
    journal.path.write_bytes(journal.path.read_bytes()[:-cut])
    assert "the last line was cut" in journal.verify()[0]
    assert journal.head == head
    assert [e.kind for e in journal.entries()] == ["a", "b"]
    journal.append("d")
    assert journal.verify(head) == []
    assert [e.kind for e in journal.entries()] == ["a", "b", "torn", "d"]


def test_a_line_that_lost_its_line_end_only_is_not_lost(journal: Journal) -> None:
    journal.append("a")
    journal.append("b")
    journal.path.write_bytes(journal.path.read_bytes()[:-1])
    journal.append("c")
    assert [e.kind for e in journal.entries()] == ["a", "b", "c"]
    assert journal.verify() == []


@pytest.mark.parametrize("after", [b"\n", b"\n{", b"\n\n", b"\n" + b"x" * 70_000])
def test_a_crash_while_a_torn_line_was_being_closed_is_closed_too(journal: Journal, after: bytes) -> None:
    journal.append("a")
    journal.append("b")
    journal.path.write_bytes(journal.path.read_bytes()[:-10] + after)
    assert "cut" in journal.verify()[0]
    journal.append("c")
    assert [e.kind for e in journal.entries()] == ["a", "torn", "c"]
    assert journal.verify() == []


def test_bytes_named_as_torn_cannot_be_changed_afterwards(journal: Journal) -> None:
    journal.append("a")
    journal.append("secret")
    journal.path.write_bytes(journal.path.read_bytes()[:-10])
    journal.append("c")
    journal.path.write_bytes(journal.path.read_bytes().replace(b"secret", b"public"))
    assert journal.verify()


def test_an_entry_larger_than_the_tail_that_is_read_first(journal: Journal) -> None:
    journal.append("big", text="z" * 300_000)
    journal.append("small")
    journal.append("big", text="z" * 300_000)
    journal.append("small")
    assert [e.seq for e in journal.entries()] == [1, 2, 3, 4]
    assert journal.verify() == []
