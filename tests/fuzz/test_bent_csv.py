"""Bent CSV files: 10,000 of them end with exact accounting and no traceback."""

import hashlib

from hypothesis import HealthCheck, given, settings

from tests.fuzz.mutations import bent, csv_seeds
from tests.fuzz.reading import read

seen: dict[bytes, int] = {}  # digest of a file → records in it


@settings(max_examples=11_500, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(bent(csv_seeds()))
def test_every_record_of_a_bent_csv_is_kept_or_rejected_with_a_reason(data: bytes) -> None:
    seen[hashlib.sha256(data).digest()] = read(data)


def test_the_bent_files_were_many_and_most_still_told_something() -> None:
    readable = sum(1 for records in seen.values() if records)
    print(f"\nbent CSV files, all different: {len(seen):,}, readable {readable:,}, records {sum(seen.values()):,}")
    assert len(seen) >= 10_000
    assert readable > 4_000
