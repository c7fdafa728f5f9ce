"""The command line: what programs read from it, its exit codes, and errors in one line."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.detect.scenario import VICTIM, act
from tests.formats.exports import document, named, page, purview, sign_in, written
from tests.needs import ROOT
from toolkit import cli, open_case
from toolkit.case import Case

Answer = tuple[int, str, str]


class Shell:
    """Runs commands as `python -m toolkit …` does, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, case: Path) -> None:
        self.capsys, self.monkeypatch, self.case = capsys, monkeypatch, case

    def __call__(self, *words: str | Path) -> Answer:
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["toolkit", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = self.capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    def json(self, *words: str | Path) -> tuple[int, dict[str, Any]]:
        code, out, err = self(*words, "--case", self.case, "--json")
        assert err == ""
        return code, json.loads(out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    monkeypatch.delenv("TOOLKIT_CASE", raising=False)
    return Shell(capsys, monkeypatch, tmp_path / "case")


def test_load_says_what_became_of_each_file(shell: Shell, tmp_path: Path) -> None:
    audit = purview(tmp_path / "a.csv", document("a"), document("a"), ["p", "2026-03-04", "2", "x", "u", "", "", ""])
    code, said = shell.json("load", audit)
    assert code == 0
    (file,) = said["files"]
    assert {k: file[k] for k in ("path", "format", "table", "read", "rows", "partial", "duplicates", "rejected")} == {
        "path": str(audit), "format": "purview-csv", "table": "audit",
        "read": 3, "rows": 2, "partial": 1, "duplicates": 1, "rejected": 0,
    }  # fmt: skip
    assert len(file["sha256"]) == len(said["head"]) == 64
    code, again = shell.json("load", audit)
    assert (code, again["head"]) == (0, said["head"])
    assert [again["files"][0][k] for k in ("read", "rows", "duplicates", "rejected")] == [3, 0, 3, 0]


def test_load_ends_with_0_1_or_2_and_so_does_the_second_time(shell: Shell, tmp_path: Path) -> None:
    good = written(tmp_path / "good.json", page(sign_in("a")))
    half = written(tmp_path / "half.json", page(sign_in("b"), 7))
    bad = written(tmp_path / "bad.txt", "nothing")
    for _ in range(2):
        assert shell.json("load", good)[0] == 0
        assert shell.json("load", half)[0] == 1
        assert shell.json("load", good, bad)[0] == 1
        assert shell.json("load", bad)[0] == 2
        assert shell.json("load", tmp_path / "nowhere.csv")[0] == 2


def test_load_asks_for_the_order_of_dates_and_takes_it(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "CreationDate,UserIds,Operations,AuditData\r\n3/4/2026 7:00 AM,a@b.c,Send,\r\n"
                   "2026-01-01,a@b.c,Send,\r\n")  # fmt: skip
    code, out, err = shell("load", path, "--case", shell.case)
    assert code == 1
    assert "--date-order mdy or --date-order dmy" in out + err
    code, said = shell.json("load", path, "--date-order", "dmy")
    assert (code, said["files"][0]["rows"], said["files"][0]["rejected"]) == (0, 1, 0)


def test_load_in_words_names_the_file_and_adds_up(shell: Shell, tmp_path: Path) -> None:
    purview(tmp_path / "a.csv", document("a"))
    written(tmp_path / "bad.txt", "nothing")
    code, out, err = shell("load", tmp_path / "a.csv", tmp_path / "bad.txt", "--case", shell.case)
    assert code == 1
    assert "a.csv: purview-csv → audit: 1 read = 1 rows + 0 duplicates + 0 rejected" in out
    assert "Head of the journal: " in out
    assert err.splitlines() == ["bad.txt: the file is neither CSV with a header nor JSON."]


@pytest.mark.parametrize(
    "words",
    [
        ["load", "x.csv"],
        ["load"],
        ["load", "{empty}", "--case", "{case}"],
        ["load", "x.csv", "--case", "{case}", "--date-order", "ymd"],
        ["tables", "--case", "{nowhere}"],
        ["triage", "--case", "{nowhere}", "--json"],
        ["verify", "--case", "{nowhere}"],
        ["export", "--case", "{case}", "--table", "mails", "--to", "x.csv"],
        ["export", "--case", "{case}", "--table", "audit", "--to", "x.pdf"],
        ["export", "--case", "{case}", "--table", "audit", "--to", "{nowhere}/deep/x.csv"],
        ["export", "--case", "{case}"],
        ["nonsense"],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_bad_usage_is_2_and_a_sentence_on_stderr(shell: Shell, tmp_path: Path, words: list[str]) -> None:
    open_case(shell.case).close()
    (tmp_path / "empty").mkdir()
    places = {"case": shell.case, "nowhere": tmp_path / "nowhere", "empty": tmp_path / "empty"}
    code, out, err = shell(*[w.format(**places) for w in words])
    assert (code, out) == (2, "")
    lines = [line for line in err.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["catalog.json", "case.json", "journal.jsonl"])
def test_a_damaged_case_names_the_file_that_is_damaged(shell: Shell, tmp_path: Path, name: str) -> None:
    shell.json("load", purview(tmp_path / "a.csv", document("a")))
    (shell.case / name).write_text("{broken\n{\n")
    code, out, err = shell("verify", "--case", shell.case)
    assert code in (1, 2)
    assert (len(err.splitlines()), out) == (1, "") if code == 2 else err == ""
    assert name in out + err
    assert "Traceback" not in err


def test_a_lost_table_file_is_one_line_in_triage(shell: Shell, tmp_path: Path) -> None:
    shell.json("load", purview(tmp_path / "a.csv", document("a")))
    next((shell.case / "tables").rglob("*.parquet")).unlink()
    code, out, err = shell("triage", "--case", shell.case)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "is gone from the case" in err


def test_tables_count_rows_and_their_span(shell: Shell, tmp_path: Path) -> None:
    shell.json("load", purview(tmp_path / "a.csv", document("a"), document("b", CreationTime="2026-03-05T00:00:00")))
    code, said = shell.json("tables")
    assert code == 0
    found = {t["table"]: t for t in said["tables"]}
    assert found["audit"] == {
        "table": "audit",
        "rows": 2,
        "first": "2026-03-04T05:06:07Z",
        "last": "2026-03-05T00:00:00Z",
    }
    assert (found["signins"]["rows"], found["signins"]["first"]) == (0, None)
    assert "audit: 2 rows, 2026-03-04T05:06:07Z to" in shell("tables", "--case", shell.case)[1]


def test_the_case_may_be_named_in_the_environment(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    open_case(shell.case).close()
    monkeypatch.setenv("TOOLKIT_CASE", str(shell.case))
    assert shell("tables", "--json")[0] == 0


def test_verify_checks_the_case_and_a_head_noted_earlier(shell: Shell, tmp_path: Path) -> None:
    _, early = shell.json("load", purview(tmp_path / "a.csv", document("a")))
    _, late = shell.json("load", purview(tmp_path / "b.csv", document("b")))
    assert shell.json("verify") == (0, {"ok": True, "problems": [], "head": late["head"]})
    assert shell.json("verify", "--head", early["head"])[0] == 0
    code, said = shell.json("verify", "--head", "e" * 64)
    assert (code, said["ok"], len(said["problems"])) == (1, False, 1)
    evidence = next((shell.case / "evidence").glob("*.csv"))
    evidence.chmod(0o600)
    evidence.write_text("changed")
    code, out, _ = shell("verify", "--case", shell.case)
    assert code == 1
    assert ".csv) was changed." in out


PAYLOADS = ["=cmd|'/C calc'!A0", "+1", "-1", "@x", "\t=1+1", " =1", "\r\n=1", "＝1", "|x", "%x"]


@pytest.fixture
def payloads(shell: Shell, tmp_path: Path) -> Shell:
    records = [document(f"p{n}", Item={"Subject": text}) for n, text in enumerate(PAYLOADS)]
    shell.json("load", purview(tmp_path / "a.csv", *records, document("q", Item={"Subject": "a=1, b-2"})))
    return shell


def test_csv_cells_that_a_spreadsheet_would_run_are_defused(payloads: Shell, tmp_path: Path) -> None:
    code, said = payloads.json("export", "--table", "audit", "--to", tmp_path / "out.csv")
    assert (code, said) == (0, {"table": "audit", "to": str(tmp_path / "out.csv"), "rows": 11})
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = {r["row_id"]: r for r in csv.DictReader(file)}
    assert [rows[f"p{n}"]["subject"] for n in range(len(PAYLOADS))] == ["'" + text for text in PAYLOADS]
    assert rows["q"]["subject"] == "a=1, b-2"
    assert not [c for r in rows.values() for c in r.values() if c.lstrip()[:1] in tuple("=+@|%＝") and c.lstrip()]


def test_other_formats_keep_every_value_as_it_is(payloads: Shell, tmp_path: Path) -> None:
    for ending in ("jsonl", "parquet"):
        assert payloads.json("export", "--table", "audit", "--to", tmp_path / f"out.{ending}")[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    frame = pd.read_parquet(tmp_path / "out.parquet")
    wanted = sorted([*PAYLOADS, "a=1, b-2"])
    assert sorted(r["subject"] for r in lines) == sorted(frame.subject) == wanted
    assert str(frame.time.dt.tz) == "UTC"


def test_exported_rows_are_as_many_as_said_with_conflicts_too(shell: Shell, tmp_path: Path) -> None:
    shell.json("load", written(tmp_path / "1.json", [sign_in("x")]))
    shell.json("load", written(tmp_path / "2.json", [sign_in("x", ipAddress="192.0.2.9")]))
    _, said = shell.json("export", "--table", "signins", "--to", tmp_path / "o.parquet")
    assert said["rows"] == len(pd.read_parquet(tmp_path / "o.parquet")) == 2
    empty = shell.json("export", "--table", "audit", "--to", tmp_path / "e.csv")
    assert (empty[0], empty[1]["rows"]) == (0, 0)


def test_triage_gives_findings_and_what_was_not_run(shell: Shell, contoso: Case) -> None:
    shell.case = contoso.folder
    code, said = shell.json("triage")
    assert code == 0
    assert not {"IR-01", "IR-02", "IR-03", "FW-01", "SI-02"} & {n["id"] for n in said["not_run"]}
    keys = {"id", "title", "severity", "technique", "user", "first", "last", "count", "summary", "evidence"}
    assert all(keys <= set(f) for f in said["findings"])
    forward = next(f for f in said["findings"] if f["id"] == "FW-01")
    assert (forward["user"], forward["evidence"], forward["first"]) == (
        VICTIM,
        act("FORWARD")["audit_records"],
        "2026-09-16T08:44:10Z",
    )
    users = ["--user", VICTIM, "--user", "Ana.Petrovic@contoso.com"]
    code, out, _ = shell("triage", "--case", shell.case, *users)
    assert code == 0
    assert out.startswith("CRITICAL ")
    assert re.search(rf"^CRITICAL IR-01-[0-9a-f]{{8}}  2026-09-16 08:31 UTC  {VICTIM}$", out, re.MULTILINE)
    assert "ana.petrovic@contoso.com" in out
    assert "UTC  miriam.hoffmann@contoso.com" not in out


def test_triage_of_an_empty_case_says_not_run(shell: Shell) -> None:
    open_case(shell.case).close()
    code, said = shell.json("triage")
    assert (code, said["findings"]) == (0, [])
    assert {"id": "SI-02", "reason": "no sign-ins in this case"} in said["not_run"]
    _, out, _ = shell("triage", "--case", shell.case)
    assert "not run: IR-01 Inbox rule forwards or redirects mail: no audit log and no inbox rules in this case" in out
    assert "none found anything" not in out


def test_control_characters_of_evidence_never_reach_the_terminal(shell: Shell, tmp_path: Path) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202e\x9b31m\r"
    rule = document(
        "r", "New-InboxRule", UserId=f"a{evil}@contoso.com", Parameters=named(Name=evil, DeleteMessage="True")
    )
    strange = written(tmp_path / "strange\x1b[31m.csv", f"{evil.strip()},b\r\n1,2\r\n".replace("\r", "", 1))
    said = [*shell("load", purview(tmp_path / "a.csv", rule), strange, "--case", shell.case)[1:]]
    code, out, err = shell("triage", "--case", shell.case)
    assert code == 0
    assert "IR-02" in out
    for text in (*said, out, err):
        assert all(c.isprintable() or c == "\n" for c in text), ascii(text)
    assert "\\u001b" in shell("triage", "--case", shell.case, "--json")[1]


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    words = ["load", str(tmp_path / "nowhere.csv"), "--case", str(tmp_path / "case")]
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "nowhere.csv: there is no such file.\n")
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "tables"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_the_clouds_and_purposes_that_the_command_line_names_are_those_that_there_are() -> None:
    from toolkit import cli_app, cli_sign_in
    from toolkit.tenant.clouds import CLOUDS
    from toolkit.tenant.permissions import PURPOSES

    assert tuple(CLOUDS) == cli_sign_in.CLOUD_NAMES
    assert PURPOSES == cli_app.PURPOSES
