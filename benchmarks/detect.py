"""All detections over many events, against loading those events and against the same questions in plain pandas.

The pandas program asks what the detections ask (rules, forwarding, countries, failures before a success, sessions in
several places, sending, consent, methods, rights, auditing), without baselines, sentences or severities: less than
the detections do.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.records import EVERYDAY, write_purview_csv, write_sign_in_pages
from toolkit import open_case
from toolkit.case import Case
from toolkit.detect.triage import look

FAILED = ("50126", "50053", "50055")


def measure(events: int, rounds: int) -> None:
    """Print the ratios: two thirds of the events are audit records, one third sign-ins."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_purview_csv(folder / "audit.csv", events * 2 // 3, mix=EVERYDAY)
        write_sign_in_pages(folder / "signins.jsonl", events // 3)
        case = open_case(folder / "case")
        began = time.perf_counter()
        case.load(folder / "audit.csv", folder / "signins.jsonl")
        loading = time.perf_counter() - began
        found = 0
        detecting = []
        for _ in range(rounds):
            began = time.perf_counter()
            found = len(look(case).findings)
            detecting.append(time.perf_counter() - began)
        audit, signins = case.frame("audit"), case.frame("signins")
        by_pandas = []
        for _ in range(rounds):
            began = time.perf_counter()
            in_pandas(audit, signins)
            by_pandas.append(time.perf_counter() - began)
        each = _by_detection(case)
    detect, pandas = statistics.median(detecting), statistics.median(by_pandas)
    print(f"{events:,} events, {found} findings; median of {rounds}")
    print(f"loading {loading:.1f} s, detecting {detect:.1f} s, plain pandas on frames in memory {pandas:.1f} s")
    print(f"detecting takes {detect / loading:.2f} times as long as loading (aim: at most 1)")
    print(f"detecting takes {detect / pandas:.2f} times as long as plain pandas")
    for text in each:
        print(f"  {text}")


def _by_detection(case: Case) -> list[str]:
    from toolkit.detect.evidence import Evidence
    from toolkit.detect.triage import DETECTIONS

    evidence, said = Evidence.of(case), []
    for detection in DETECTIONS:
        began = time.perf_counter()
        rows = len(detection.candidates(evidence).execute())
        said.append(f"{detection.id}: {time.perf_counter() - began:.2f} s, {rows:,} candidate rows")
    return said


def in_pandas(audit: pd.DataFrame, signins: pd.DataFrame) -> int:
    """The questions of the detections, asked of whole frames; returns how many rows answered."""
    operation = audit["operation"].str.lower()
    hits = 0
    rules = audit[operation.isin(["new-inboxrule", "set-inboxrule", "updateinboxrules"])]
    for column in ("rule_forward_to", "rule_move_to", "rule_deletes"):
        hits += len(rules[rules[column].notna()].groupby(["user_principal_name", "rule_id"]).size())
    hits += len(audit[audit["forwarding_smtp_address"].notna() | audit["forwarding_address"].notna()])
    for wanted in ("consent to application", "user registered security info", "add-mailboxpermission"):
        hits += int(operation.str.rstrip(".").eq(wanted).sum())
    hits += int(operation.isin(["set-mailboxauditbypassassociation", "set-adminauditlogconfig"]).sum())
    sent = audit[operation.isin(["send", "sendas"])]
    hits += int((sent.groupby([sent["user_principal_name"], sent["time"].dt.floor("h")]).size() > 50).sum())
    good = signins[signins["error_code"] == 0].sort_values("time")
    first = good.groupby(["user_principal_name", "country"])["time"].transform("min")
    hits += int((good["time"] == first).sum())
    previous = good.groupby("user_principal_name")[["country", "time"]].shift()
    hours = (good["time"] - previous["time"]).dt.total_seconds() / 3600
    hits += int(((good["country"] != previous["country"]) & (hours < 6)).sum())
    bad = signins[signins["error_code"].astype("string").isin(FAILED)]
    tries = bad.groupby([bad["user_principal_name"], bad["ip_address"], bad["time"].dt.floor("h")]).size()
    hits += int((tries >= 5).sum())
    places = (
        pd.concat([good[["session_id", "country"]], audit[["session_id"]]]).groupby("session_id")["country"].nunique()
    )
    hits += int((places > 1).sum())
    return hits
