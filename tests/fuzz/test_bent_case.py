"""Bent files all the way into a case: what is read is rows, duplicates or rejected, and again all duplicates."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import bent, csv_seeds, json_seeds
from toolkit import open_case
from toolkit.case import Case

FILES = 20  # a folder full at a time


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return open_case(tmp_path_factory.mktemp("bent") / "case")


@settings(max_examples=6, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(files=st.lists(bent(csv_seeds() + json_seeds()), min_size=FILES, max_size=FILES))
def test_a_folder_of_bent_files_is_accounted_for_to_the_record(
    files: list[bytes], case: Case, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("files")
    for number, data in enumerate(files):
        Path(folder / f"{number}.bin").write_bytes(data)
    rows_before = {t: len(case.frame(t)) for t in case.catalog.parts}
    first = case.load(folder).files
    for account in first:
        assert account.read == account.rows + account.duplicates + account.rejected
        assert account.format or account.notes
    for table in case.catalog.parts:
        new = sum(a.rows for a in first if a.table == table)
        assert len(case.frame(table)) == rows_before.get(table, 0) + new
    for account in case.load(folder).files:
        assert (account.rows, account.duplicates) == (0, account.read - account.rejected)
    assert case.verify() == []
