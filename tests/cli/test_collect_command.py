"""`python -m toolkit collect` and `coverage` on the practice tenant: what comes, what is said, Ctrl-C, exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from tests.needs import ROOT
from tests.tenant.signing import Answering
from toolkit import cli_collect, collect, open_case, practice
from toolkit.case.verdicts import ATTACKER, give, key_of
from toolkit.cli import cli
from toolkit.collect.calls import CALLS
from toolkit.collect.ledger import ASKED, FAILED, NOT_AVAILABLE, PARTIAL, UNASKED, Line, write
from toolkit.collect.said import again, collected_sentence
from toolkit.collect.signed import note_options
from toolkit.collect.state import ACCOUNT
from toolkit.detect import triage
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.tenant import connect
from toolkit.views.ledger import ledger_html

__all__ = ["room", "unconfirmed_room"]


def told(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "toolkit", *map(str, arguments)]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        told(*arguments), capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def a_week_of_sign_ins(folder: Path, *more: object) -> tuple[object, ...]:
    return (
        "collect", "--case", folder, "--account", VICTIM, "--profile", "quick",
        "--sources", "interactive-sign-ins,search-audit-log,account-state", *more,
    )  # fmt: skip


def test_an_account_is_collected_and_told_about_for_people_and_for_programs(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    done = command(*a_week_of_sign_ins(folder, "--practice", "--tenant", DOMAIN))
    assert done.returncode == 0, done.stderr
    # Before the first window: who signed in, and what will be refused.
    before, _, rest = done.stderr.partition("\n\n")
    assert "Signed in as jonas.reuter@contoso.com. Of " in before
    # Only what this run asks is counted and named: no feeds, no workspace, no message trace.
    counted = re.search(r"Of (\d+) sources and states (\d+) will work", before)
    assert counted
    assert counted[1] == counted[2]
    assert "Management" not in before
    assert "sign-ins, interactive katrin.vogel@contoso.com, Microsoft Graph, 2026-09-" in rest
    assert "records, provisional" in rest
    assert "state of the account, katrin.vogel@contoso.com" in done.stdout
    assert "CRITICAL FW-01" in done.stdout
    assert f'collect --case "{folder}" --account {VICTIM} --refresh' in done.stdout

    # What is complete is not asked for again; what may still grow is.
    again = command(*a_week_of_sign_ins(folder, "--refresh", "--json"))
    assert again.returncode == 0, again.stderr
    answer: dict[str, Any] = json.loads(again.stdout)
    assert answer["known"] > 0
    assert {line["state"] for line in answer["windows"]} == {"provisional"}
    assert {row["source"] for row in answer["summary"]} >= {
        "audit log",
        "sign-ins, interactive",
        "state of the account",
    }
    assert {"key", "what", "answer", "why"} <= set(answer["preflight"][0])
    assert [finding["id"] for finding in answer["findings"]]
    assert answer["stopped"] is False

    shown = command("coverage", "--case", folder, "--json")
    covered = json.loads(shown.stdout)
    assert len(covered["ledger"]) == len(collect.lines(open_case(folder)))
    assert covered["again"].endswith("--refresh")
    assert {q["id"]: bool(q["rows"]) for q in covered["questions"]}["sign-ins"]
    said = command("coverage", "--case", folder).stdout
    assert "audit log, Search-UnifiedAuditLog, katrin.vogel@contoso.com" in said
    assert "Questions:" in said
    looked = command("triage", "--case", folder).stdout
    assert "By the ledger, " in looked


def test_ctrl_c_keeps_what_came_and_the_same_command_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    asked = ("collect", "--case", folder, "--account", VICTIM, "--profile", "quick")
    arguments = (*asked, "--practice", "--tenant", DOMAIN)
    # The audit log does not answer for a minute: nobody waits for that after a stop.
    with practice.start(open_case(folder, practice=True).folder / "practice") as service:
        service.happen_next("Search-UnifiedAuditLog", "slow answer", amount=60, times=1000)
        running = subprocess.Popen(
            told(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        assert running.stderr is not None
        for line in running.stderr:
            if "records, " in line:
                break
        running.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = running.communicate(timeout=60)
        assert time.monotonic() - began < 50
        assert running.returncode == 1, said
        assert "Stopped by you: what was received is kept; the same command goes on." in said
        assert "Traceback" not in said
    case = open_case(folder)
    assert case.verify() == []
    left = {line.key for line in collect.lines(case) if line.state == UNASKED}
    assert 0 < len(left) < len(collect.lines(case))
    assert f"; {len(left)} not asked for yet)" in collected_sentence(case)
    # A narrower command leaves them open, and says so; the one that is printed asks for them.
    assert command(*a_week_of_sign_ins(folder)).returncode == 1
    rest = command(*asked, "--refresh")
    assert rest.returncode == 0, rest.stderr
    assert UNASKED not in {line.state for line in collect.lines(case)}


def test_time_that_is_up_is_not_called_a_stop_by_a_person_and_no_answer_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    arguments = ("collect", "--practice", "--case", folder, "--account", VICTIM, "--tenant", DOMAIN)
    with practice.start(open_case(folder, practice=True).folder / "practice") as service:
        service.happen_next("Search-UnifiedAuditLog", "slow answer", amount=300, times=1000)
        began = time.monotonic()
        done = command(*arguments, "--sources", "search-audit-log", "--minutes", "0.1")
    assert time.monotonic() - began < 60
    assert done.returncode == 2, done.stderr  # nothing at all came
    assert "The time that was given is up: what was received is kept; the same command goes on." in done.stderr
    assert "Stopped by you" not in done.stderr
    assert UNASKED in {line.state for line in collect.lines(open_case(folder))}


def test_what_is_refused_is_told_before_and_after_and_the_code_is_one(room: Room) -> None:
    room.service.withhold("Search-UnifiedAuditLog")
    done = CliRunner().invoke(cli, list(map(str, a_week_of_sign_ins(room.case.folder))))
    assert done.exit_code == 1, done.output
    assert "will answer 403" in done.stderr
    assert "audit log" in done.stdout
    assert "not available" in done.stdout
    assert "403" in done.stdout


def test_what_nobody_looked_for_yet_is_told_and_one_command_does_just_that(room: Room) -> None:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, list(map(str, (*arguments, "--case", room.case.folder))))

    asked = len(room.service.requests())
    for option in ("--pivot-open", "--pivot"):
        done = run("collect", option)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("Nothing is marked as the attacker's yet: judge findings as the attacker's in ")
        assert done.stderr.endswith("then look again. Nothing was asked.\n")
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    finding = next(f for f in triage(room.case).findings if f.id.startswith("TK"))
    give(room.case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)
    mark, *others = collect.pivots_open(room.case)
    told = run("coverage")
    sentence = f"Judged the attacker's, and not looked for in the other accounts yet: {mark}"
    assert sentence in told.stdout
    assert "--pivot-open` does that." in told.stdout
    assert len(room.service.requests()) == asked  # knowing it asks no tenant

    room.service.arrange(search_seconds=0)
    done = run("collect", "--pivot-open", "--profile", "quick")
    assert done.exit_code == 1, done.output
    assert NOT_AVAILABLE in {line.state for line in collect.lines(room.case)}  # a road that cannot look for it says so
    calls = {r["client_request_id"] for r in room.service.requests()[asked:] if r["kind"] != "sign-in"}
    named = room.case.journal.entries(CALLS, ASKED)
    assert calls <= {one for entry in named for one in entry.fields["request_ids"]}  # the preflight's too
    assert sentence not in done.stdout
    assert f"{mark}: in records of " in done.stdout
    assert {line.account for line in collect.lines(room.case)} == {str(mark), *map(str, others)}
    assert json.loads(run("coverage", "--json").stdout)["pivots_open"] == []
    again = run("collect", "--pivot-open")
    already = "Whatever was judged or named as the attacker's was looked for already. Nothing was asked.\n"
    assert (again.exit_code, again.stderr) == (0, already)


def test_what_a_person_names_is_noted_and_looked_for_like_what_was_judged(room: Room) -> None:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, list(map(str, (*arguments, "--case", room.case.folder))))

    mark, device = "address=198.51.100.77", "device=456123b3-941e-51a1-860e-5a34b8aa6ccc"
    asked = len(room.service.requests())
    done = run("collect", "--mark", mark, "--mark", device)
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines()[0] == "address 198.51.100.77 is noted as the attacker's."
    sentence = "Named as the attacker's, and not looked for in the other accounts yet: address 198.51.100.77, device "
    assert sentence in done.stdout
    assert sentence in run("coverage").stdout
    answer = json.loads(run("collect", "--unmark", device, "--json").stdout)
    assert answer["named"] == answer["pivots_open"] == [{"kind": "address", "value": "198.51.100.77"}]
    assert answer["head"] == room.case.journal.head
    assert len(room.service.requests()) == asked  # noting it asks no tenant

    room.service.arrange(search_seconds=0)
    done = run("collect", "--pivot-open", "--profile", "quick")
    assert done.exit_code == 1, done.output
    assert NOT_AVAILABLE in {line.state for line in collect.lines(room.case)}  # a road that cannot look for it says so
    assert "address 198.51.100.77: in no record of this case." in done.stdout
    assert {line.account for line in collect.lines(room.case)} == {"address 198.51.100.77"}
    assert run("collect", "--pivot-open").exit_code == 0


def test_an_account_is_told_about_although_there_is_nothing_to_look_for_in_the_others(
    room: Room, tmp_path: Path
) -> None:
    team = tmp_path / "team.toml"
    team.write_text('days = [7]\nroads = ["interactive-sign-ins", "workspace-sign-ins"]\n', "utf-8")
    words = ("collect", "--case", room.case.folder, "--account", VICTIM, "--profile", team, "--pivot")
    done = CliRunner().invoke(cli, list(map(str, words)))
    assert done.exit_code == 0, done.output
    assert f"sign-ins, interactive, Microsoft Graph, {VICTIM}" in done.stdout
    assert "Nothing is marked as the attacker's yet" in done.stderr
    assert "Log Analytics was not asked, as no workspace was named: name its id with --workspace" in done.stdout


def test_a_person_is_asked_for_every_sign_in_beforehand_and_for_none_in_the_middle(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Answering(room.service)
    tenant = connect(room.case, person.source(), sleep=room.sleep)
    monkeypatch.setattr(cli_collect, "connected", lambda *_given, **_more: nullcontext(tenant))
    words = ("collect", "--case", room.case.folder, "--account", VICTIM, "--profile", "quick", "--sources")
    done = CliRunner().invoke(cli, [*map(str, words), "interactive-sign-ins,search-audit-log,activity-exchange"])
    assert done.exit_code == 1, done.output
    declined = "There is no sign-in to the Management Activity API: The sign-in was declined on the page"
    before, _, rest = done.stderr.partition("Signed in as")
    assert before.startswith(declined)
    assert before.rstrip().endswith("The rest goes on.")
    assert person.asked == ["graph", "exchange", "management"]
    assert "nobody was asked" not in done.stderr
    assert "will answer 403" in rest
    feeds = [line for line in collect.lines(room.case) if line.road.startswith("Management Activity API")]
    assert {(line.state, line.reason.startswith(declined)) for line in feeds} == {(NOT_AVAILABLE, True)}
    assert [line for line in collect.lines(room.case) if line.source == "audit log" and line.records]
    tenant.close()


def test_a_tenant_that_nobody_named_is_not_collected_from(unconfirmed_room: Room) -> None:
    done = CliRunner().invoke(cli, list(map(str, a_week_of_sign_ins(unconfirmed_room.case.folder))))
    assert done.exit_code != 0
    assert f"Nothing was collected: name the tenant with --tenant {DOMAIN}" in str(done.exception)
    assert collect.lines(unconfirmed_room.case) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("collect", "--case", "{case}"), "About whom?"),
        (("collect", "--account", VICTIM), "Which case?"),
        (("collect", "--case", "{case}", "--account", VICTIM, "--sources", "x"), "There is no source x; there are"),
        (("collect", "--case", "{case}", "--account", VICTIM, "--profile", "slow"), "name one of quick, standard"),
        (("collect", "--case", "{case}", "--mark", "203.0.113.7"), "is no mark: write address=IP-ADDRESS"),
        (("collect", "--case", "{case}", "--mark", "app=Mail"), "is no application's id, which is a GUID"),
        (("coverage",), "Which case?"),
    ],
)
def test_what_is_missing_is_one_sentence_and_code_two(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = command(*(part.replace("{case}", str(tmp_path / "case")) for part in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "case" / "journal.jsonl").exists()


def test_what_a_service_says_rewrites_no_terminal(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    write(case, Line("audit log", VICTIM, "2026-09-01T00:00:00.000000Z", "2026-09-02T00:00:00.000000Z", "x\x1b[2J",
                     "2026-09-03T00:00:00.000000Z", FAILED, "\x1b]0;owned\x07 no"))  # fmt: skip
    done = CliRunner().invoke(cli, ["coverage", "--case", str(case.folder)])
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert "1 failed" in done.stdout


def test_a_workspace_is_named_on_the_command_line_and_the_next_command_says_it_again(room: Room) -> None:
    words = ("collect", "--case", room.case.folder, "--account", VICTIM, "--profile", "quick")
    named = (*words, "--sources", "workspace-sign-ins", "--workspace", WORKSPACE)
    done = CliRunner().invoke(cli, list(map(str, named)))
    assert done.exit_code == 0, done.output
    assert "sign-ins, interactive, Log Analytics" in done.stdout
    assert f"--refresh --workspace {WORKSPACE}" in done.stdout
    assert f"The ledger on sign-ins, interactive of {VICTIM}" in done.stdout
    wrong = CliRunner().invoke(cli, [*map(str, words), "--workspace", "sentinel"])
    assert "no workspace's id" in str(wrong.exception)


def test_commands_that_go_on_say_how_the_tenant_was_signed_in_to(room: Room) -> None:
    given = {
        "cloud": "gcc", "tenant_name": DOMAIN, "client_id": "0a1b", "way": None, "certificate": None,
        "keep_sign_in": True,
    }  # fmt: skip
    note_options(room.case, given)
    line = Line("audit log", VICTIM, "2026-09-10T00:00:00Z", "2026-09-11T00:00:00Z", "a road", "", FAILED)
    words = f"--account {VICTIM} --refresh --cloud gcc --tenant {DOMAIN} --client-id 0a1b"
    assert again(room.case, [line]).endswith(words)
    note_options(room.case, given)
    assert len(room.case.journal.entries("collect.signed-in")) == 1


def test_ids_that_only_one_road_had_are_printed(room: Room) -> None:
    line = Line(
        "audit log", VICTIM, "2026-09-10T00:00:00Z", "2026-09-11T00:00:00Z", "a road", "2026-09-12T00:00:00Z", PARTIAL,
        "another road has more", only_here=["aa"], only_there=[f"{n:02}" for n in range(20)],
    )  # fmt: skip
    write(room.case, line)
    said = CliRunner().invoke(cli, ["coverage", "--case", str(room.case.folder)]).stdout
    assert "had only by this one: aa; had only by the other: 00, 01, 02, 03, 04 and 15 more at least." in said
    assert "which ids only one had" in ledger_html(room.case)


def test_the_state_is_a_source_by_name_and_is_not_read_with_another(room: Room) -> None:
    asked = ("collect", "--case", str(room.case.folder), "--account", VICTIM, "--profile", "quick", "--sources")
    done = CliRunner().invoke(cli, [*asked, "interactive-sign-ins"])
    assert done.exit_code == 0, done.output
    assert {line.source for line in collect.lines(room.case)} == {"sign-ins, interactive"}
    done = CliRunner().invoke(cli, [*asked, "account-state"])
    assert done.exit_code == 0, done.output
    assert {line.source for line in collect.lines(room.case)} == {"sign-ins, interactive", ACCOUNT}
    assert room.case.count("inbox_rules") > 0
    refused = CliRunner().invoke(cli, [*asked, "workspace-sign-ins"])
    assert "Name it with --workspace" in str(refused.exception)
