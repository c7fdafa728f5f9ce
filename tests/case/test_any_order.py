"""However exports are split, repeated, shuffled and mixed, the tables come out equal and the accounts add up."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.case.test_merging import content
from tests.formats.exports import accounted, document, named, sign_in
from tests.formats.pipelines import AUDIT, SIGN_INS, Record, Writer
from toolkit import open_case

ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::9"]


@st.composite
def audit_records(draw: st.DrawFn) -> Record:
    """Few ids, so that records often come again; each says the same but, now and then, address and result."""
    record_id = draw(st.sampled_from(["a1", "B2", "c3"]))
    more: dict[str, Any] = {
        "a1": {"Operation": "Send", "Item": {"Subject": "Invoice", "ParentFolder": {"Path": "\\Sent Items"}}},
        "B2": {"Operation": "New-InboxRule", "RecordType": 1, "Parameters": named(Name=".", DeleteMessage="True")},
        "c3": {"Operation": "MailItemsAccessed", "OperationProperties": named(MailAccessType="Bind")},
    }[record_id]
    other = draw(st.sampled_from([0, 0, 0, 1, 2]))
    more |= {"ClientIP": ADDRESSES[other], "ResultStatus": ["Succeeded", "Failed", "Succeeded"][other]}
    return document(record_id, **more)


@st.composite
def sign_ins(draw: st.DrawFn) -> Record:
    record_id = draw(st.sampled_from(["S1", "s2", "S3"]))
    other = draw(st.sampled_from([0, 0, 0, 1, 2]))
    city, country = [("Vienna", "AT"), ("Graz", "AT"), ("Lagos", "NG")][other]
    return sign_in(
        record_id,
        ipAddress=ADDRESSES[other],
        location={"city": city, "state": "x", "countryOrRegion": country},
        sessionId=f"session of {record_id}",
        uniqueTokenIdentifier="t",
    )


def _content(folder: Path, table: str, exports: list[tuple[Writer, list[Record]]]) -> pd.DataFrame:
    case = open_case(folder)
    accounts = []
    for n, (write, records) in enumerate(exports):
        account = accounted(case.load(write(folder / f"{n}.dat", records)).files[0])
        assert (account.table, account.read, account.rejected) == (table, len(records), 0), account.notes
        accounts.append(account)
    found = content(case, table)
    assert sum(a.rows for a in accounts) == len(found) == case.count(table)
    assert found.row_id.is_unique
    # A record that a file of the same bytes brought again is counted as a duplicate; it stands at one place only.
    files = {a.sha256: a.read for a in accounts}
    assert len(case.positions(table)) == sum(files.values())
    assert case.verify() == []
    case.close()
    return found


def _in_any_order(table: str, writers: Mapping[str, Writer], records: list[Record], data: st.DataObject) -> None:
    """The records through one pipeline each, whole, then split, repeated and shuffled: one table."""
    names = st.sampled_from(sorted(writers))
    exports = []
    for record in records:
        again = data.draw(st.lists(names, min_size=1, max_size=3))
        exports += [(name, record) for name in again]
    shuffled = data.draw(st.permutations(exports))
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for number, order in enumerate((exports, shuffled)):
            files: dict[str, list[Record]] = {}
            split: list[tuple[Writer, list[Record]]] = []
            for name, record in order:
                files.setdefault(name, []).append(record)
                if number and len(files[name]) == 2:
                    split.append((writers[name], files.pop(name)))
            split += [(writers[name], found) for name, found in files.items()]
            tables.append(_content(Path(folder) / str(number), table, split))
    pd.testing.assert_frame_equal(*tables)


SETTINGS = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@given(records=st.lists(audit_records(), min_size=1, max_size=5), data=st.data())
@SETTINGS
def test_audit_exports_of_all_pipelines_in_any_order(records: list[Record], data: st.DataObject) -> None:
    _in_any_order("audit", AUDIT, records, data)


@given(records=st.lists(sign_ins(), min_size=1, max_size=5), data=st.data())
@SETTINGS
def test_sign_in_exports_of_all_pipelines_in_any_order(records: list[Record], data: st.DataObject) -> None:
    _in_any_order("signins", SIGN_INS, records, data)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_records_that_contradict_each_other_keep_together_what_each_says(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    """The address of one record never stands beside the city of another, and the record shown is the row's own."""
    told = [("192.0.2.1", "Zwettl"), ("192.0.2.2", "Amstetten"), ("192.0.2.3", "Melk")]
    case = open_case(tmp_path / "case")
    for n in order:
        address, city = told[n]
        record = sign_in("x", ipAddress=address, location={"city": city, "countryOrRegion": "AT"})
        case.load(SIGN_INS["Graph v1.0"](tmp_path / f"{n}.json", [record]))
    rows = case.frame("signins")
    assert sorted(zip(rows.ip_address, rows.city, strict=True)) == told
    for row in rows.itertuples():
        text = case.raw([row.row_id], "signins")[row.row_id]
        assert row.ip_address in text
        assert row.city in text
    assert list(rows.conflict) == [True] * 3
    case.close()
