"""`case.load` (entry to visible catalog) against pandas, and against DuckDB's bare scan of the same CSV.

Every run is a process of its own, so that peak memory is that run's; files are read once before, so all are warm.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.records import write_purview_csv

PANDAS_RECORDS = 500_000  # above, pandas is left out

_BEFORE = """
import json, resource, sys, tempfile, time
from pathlib import Path
path = sys.argv[1]
"""
_AFTER = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "peak_mb": peak, "rows": rows, **more}))
"""

# name → what is timed; imports and opening are not: they cost the same for ten records
PROGRAMS = {
    "case.load": """
from toolkit import open_case
from toolkit.case import evidence
with tempfile.TemporaryDirectory() as folder:
    case = open_case(folder)
    took = []
    take_in = evidence.take_in
    def timed(*given):
        began = time.perf_counter()
        try:
            return take_in(*given)
        finally:
            took.append(time.perf_counter() - began)
    evidence.take_in = timed
    began = time.perf_counter()
    case.load(path)
    seconds = time.perf_counter() - began
    rows = case.count("audit")
    more = {"copy_and_hash": took[0]}
""",
    "pandas": """
import pandas as pd
more = {}
began = time.perf_counter()
frame = pd.read_csv(path)
frame = pd.json_normalize([json.loads(text) for text in frame["AuditData"]])
seconds = time.perf_counter() - began
rows = len(frame)
""",
    "DuckDB scan": """
import duckdb
more = {}
connection = duckdb.connect(config={"threads": 2})
connection.execute("SET enable_progress_bar = false")
query = "SELECT sum(length(COLUMNS(*))) FROM read_csv(?, all_varchar = true)"
began = time.perf_counter()
connection.execute(query, [path]).fetchall()
seconds = time.perf_counter() - began
rows = 0
""",
}


def measure(records: int, rounds: int) -> None:
    """Print medians, ratios and peak memory of all programs, taken in turn."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.csv"
        write_purview_csv(path, records)
        size = path.stat().st_size
        print(f"{records:,} records, {size / 1e6:,.0f} MB, {size / records / 1e3:.2f} kB each; median of {rounds}")
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in PROGRAMS}
        for number in range(rounds + 1):
            for name, program in PROGRAMS.items():
                if name == "pandas" and (number > min(rounds, 3) or records > PANDAS_RECORDS):
                    continue  # three rounds of the slow one tell enough, and it needs 11 kB of memory a record
                result = _run(program, path)
                if number:  # the first round warms the file cache
                    runs[name].append(result)
    runs = {name: found for name, found in runs.items() if found}
    seconds = {name: statistics.median(r["seconds"] for r in found) for name, found in runs.items()}
    for name, found in runs.items():
        peak = statistics.median(r["peak_mb"] for r in found)
        spread = f"{min(r['seconds'] for r in found):.2f} to {max(r['seconds'] for r in found):.2f}"
        print(f"{name:12} {seconds[name]:7.2f} s ({spread})   peak memory {peak:6,.0f} MB")
    copying = statistics.median(r["copy_and_hash"] for r in runs["case.load"])
    assert all(r["rows"] == records for name, found in runs.items() if "scan" not in name for r in found), (
        "rows were lost"
    )
    print(f"  of case.load, copying and hashing the evidence: {copying:.2f} s")
    if "pandas" in seconds:
        print(f"case.load is {seconds['pandas'] / seconds['case.load']:.1f} times as fast as pandas (aim: 15)")
    print(f"case.load takes {seconds['case.load'] / seconds['DuckDB scan']:.1f} times as long as the scan (aim: 3)")
    print(f"case.load takes {seconds['case.load'] / records * 1e6:.1f} µs a record")


def _run(program: str, path: Path) -> dict[str, float]:
    code = _BEFORE + program + _AFTER
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
