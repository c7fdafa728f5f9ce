"""Multi-factor authentication in words and tables: what a manager reads, and the people that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from html import escape
from typing import Any

import pandas as pd

from toolkit.detect.words import listed as some
from toolkit.detect.words import plural, short
from toolkit.harden.inputs import Check
from toolkit.harden.methods import NONE, PHISHABLE, RESISTANT, SAID, WEAK
from toolkit.harden.mfa import MfaAccount, MfaReport
from toolkit.harden.mfa_steps import Step
from toolkit.harden.roadmap import Mark
from toolkit.views.look import box, figures, html_table

ROWS = 50  # of a table
MARKS = {True: "yes", False: "no", None: "not checked"}
COLOURS = {True: "#009e73", False: "#d55e00", None: "#999999"}
STRENGTHS = {NONE: "#d55e00", WEAK: "#e69f00", PHISHABLE: "#56b4e9", RESISTANT: "#009e73"}
HEADINGS = {
    "user": "Account",
    "role": "Role",
    "strength": "Has",
    "methods": "Registered",
    "required": "Made to use it?",
    "remarks": "To know",
}


def mfa_html(
    report: MfaReport,
    accounts: Iterable[str] = (),
    *,
    marks: Mapping[str, Mark] | None = None,
    zone: tzinfo = UTC,
) -> str:
    """The whole section: what it comes to, people, who is made to use it, changes, old protocols, steps.

    `accounts` are those of the case: they come first; `marks` what people ticked at the roadmap. HTML, every text
    escaped; tables are cut at `ROWS` and say how many more there are.
    """
    return "".join(
        (
            mfa_summary_html(report),
            people_html(report, accounts),
            policies_html(report),
            changes_html(report, zone=zone),
            old_protocols_html(report, zone=zone),
            steps_html(report.steps, marks),
            not_checked_html(report.not_checked),
        )
    )


def mfa_summary_html(report: MfaReport) -> str:
    """One sentence for a manager, the numbers behind it, and how old they are."""
    people = report.people()
    if not report.accounts:
        return f"<h3>Second factors</h3>{box(report.told, 'warning', title='Not checked')}"
    bare = [a for a in people if a.strength in (NONE, WEAK)]
    admins = [a for a in report.administrators if a.strength in (NONE, WEAK)]
    if admins:
        kind, said = "error", f"{_count(admins, 'administrator')} with no second factor or a weak one."
    elif bare:
        kind, said = "warning", f"{_count(bare, 'account')} with no second factor or a weak one."
    else:
        kind, said = "note", "No account of the report is without a second factor, or has a weak one only."
    asked = sum(a.required.every_time for a in people)
    now_and_then = sum(a.required.state == "yes" for a in people) - asked
    kind = "warning" if kind == "note" and asked < len(people) else kind
    said += f" {asked:,} of {plural(len(people), 'account')} made to use one at every sign-in, as far as was read."
    if now_and_then:
        verb = "is" if now_and_then == 1 else "are"
        said += f" {now_and_then:,} more {verb} asked only when Microsoft finds it needed (security defaults)."
    tiles = [
        ("no second factor", sum(a.strength == NONE for a in people)),
        ("weak methods only", sum(a.strength == WEAK for a in people)),
        ("good, but can be phished", sum(a.strength == PHISHABLE for a in people)),
        ("phishing-resistant", sum(a.strength == RESISTANT for a in people)),
        ("administrators", len(report.administrators)),
        ("guests", len(report.guests)),
        ("disabled", len(report.disabled)),
    ]
    quiet = f'<p class="toolkit-quiet">{escape(report.told)}</p>'
    return f"<h3>Second factors</h3>{box(said, kind)}{figures(tiles)}{quiet}"


def people_html(report: MfaReport, accounts: Iterable[str] = ()) -> str:
    """The case's accounts, administrators, then the others, the weakest first; guests and disabled ones apart."""
    ours = {name.lower() for name in accounts}
    pinned = [a for a in report.accounts if ours & {a.user.lower(), a.object_id.lower()}]
    told = {key for a in pinned for key in (a.user.lower(), a.object_id.lower())}
    unknown = sorted(ours - told) if report.accounts else []
    admins = report.administrators
    known = {id(a) for a in admins}
    others = [a for a in report.people() if id(a) not in known]
    guests = [a for a in report.guests if id(a) not in known]
    lost = (
        f'<p class="toolkit-quiet">Nothing that was read or loaded tells the second factors of '
        f"{escape(some((short(name, 80) for name in unknown), most=5))}.</p>"
    )
    parts = [
        _accounts("Accounts of this case", pinned),
        lost if unknown else "",
        _accounts("Administrators", admins),
        _accounts("Everybody else, the weakest first", others),
        _folded("Guests: their second factor may be that of their own organisation", guests),
        _folded("Disabled accounts: the report leaves them out", report.disabled),
    ]
    return "".join(parts)


def lookup_html(report: MfaReport, named: str) -> str:
    """What is known of one account, or of those whose name has the text in it; and why nothing is, where it is not."""
    if not named.strip():
        return box("Name an account first.", "error")
    found = report.find(named)
    if not found:
        told = report.told if not report.accounts else "Look at the spelling."
        return box(f"Nothing that was read or loaded tells anything of “{short(named, 120)}”. {told}", "warning")
    told = ""
    for account in found[:1] if len(found) == 1 else []:
        required = account.required
        answer = {
            "yes": "Yes" if required.every_time else "Yes, but not at every sign-in",
            "not checked": "Not checked",
        }
        head = answer.get(required.state, required.state.capitalize())
        per_user = f"Its per-user state is {account.per_user}." if account.per_user else PER_USER_UNREAD
        kind = "done" if required.every_time else "note" if required.state == "not checked" else "warning"
        told = box(f"{required.told} {per_user}", kind, title=f"{short(account.user, 120)}: {head}")
    return f"{told}{_accounts('What it has' if len(found) == 1 else 'Accounts with this name', found)}"


def policies_html(report: MfaReport) -> str:
    """Security defaults, Conditional Access and the per-user state, one sentence each."""
    rows = pd.DataFrame(
        [(policy.name, policy.sentence()) for policy in (report.policies or [])[:200]], columns=["name", "told"]
    )
    table = html_table(rows, headings={"name": "Policy", "told": "What it does"}, limit=ROWS) if len(rows) else ""
    none = "There is no Conditional Access policy." if report.policies == [] else ""
    said = [report.defaults, report.policies_told, none, report.per_user]
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in said if sentence)
    return f"<h3>Who is made to use one, and by what</h3>{text}{table}"


def changes_html(report: MfaReport, *, zone: tzinfo = UTC) -> str:
    """Methods registered, changed or removed during the incident, newest first."""
    changes = report.changes
    title = "<h3>Methods that were changed during the incident</h3>"
    if not changes.checked:
        return title + box(changes.told, "warning", title="Not checked")
    rows = pd.DataFrame(
        [(c.time, c.user, c.what, c.actor, c.ip_address, c.severity) for c in changes.rows],
        columns=["time", "user", "what", "actor", "ip_address", "severity"],
    )
    rows["time"] = pd.to_datetime(rows["time"], utc=True)
    headings = {
        "time": "Time", "user": "Account", "what": "What", "actor": "By", "ip_address": "From", "severity": "Finding"
    }  # fmt: skip
    table = html_table(rows, headings=headings, limit=ROWS, zone=zone) if len(rows) else ""
    return f"{title}<p>{escape(changes.told)}</p>{table}"


def old_protocols_html(report: MfaReport, *, zone: tzinfo = UTC) -> str:
    """Old protocols that are still in use: who, which, when last, how often it worked."""
    old = report.old
    title = "<h3>Old protocols, which know no second factor</h3>"
    if not old.checked:
        return title + box(old.told, "warning", title="Not checked")
    frame = old.to_frame()
    for name in ("last", "last_success"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame["surely"] = ["a password is enough" if sure else "may be a new client too" for sure in frame.surely]
    headings = {
        "user": "Account", "protocol": "Protocol", "client": "As Entra names it", "surely": "What it means",
        "successes": "Got in", "failures": "Refused", "last_success": "Got in last", "last": "Tried last",
    }  # fmt: skip
    table = html_table(frame, headings=headings, limit=ROWS, zone=zone) if len(frame) else ""
    return f"{title}{box(old.told, 'error' if old.in_use else 'note')}{table}"


def steps_html(steps: Iterable[Step], marks: Mapping[str, Mark] | None = None) -> str:
    """The steps in order, each with its reason, what is known of it, and what a person said at the roadmap."""
    given = marks or {}
    items = "".join(_step(step, given.get(step.point)) for step in steps)
    head = "<thead><tr><th class='number'></th><th>Done?</th><th>Step, and why</th><th>What is known</th></tr></thead>"
    table = f'<div class="toolkit-scroll"><table class="toolkit-table">{head}<tbody>{items}</tbody></table></div>'
    by_hand = (
        "What no data tells a person says: each of these steps is a point of the roadmap at the end of this page "
        "(“Tick a point”), and what is ticked there shows here."
    )
    return f'<h3>What to do, in this order</h3>{table}<p class="toolkit-quiet">{escape(by_hand)}</p>'


def _step(step: Step, mark: Mark | None) -> str:
    done = step.done if step.done is not None or mark is None else mark.done
    said = f"<br><b>{escape(mark.said[:1].upper() + mark.said[1:])}.</b> {escape(mark.note)}" if mark else ""
    return (
        f"<tr><td class='number'>{step.number}</td><td>{check_html(Check(done, ''))}</td>"
        f"<td><b>{escape(step.title)}</b><br><span class='toolkit-quiet'>{escape(step.why)}</span></td>"
        f"<td>{escape(step.told)}{said}</td></tr>"
    )


def check_html(check: Check) -> str:
    """Yes, no or not checked: a word beside its colour."""
    colour = COLOURS[check.done]
    return f'<span class="toolkit-severity" style="border-left-color:{colour}">{MARKS[check.done]}</span>'


def not_checked_html(missing: Iterable[str]) -> str:
    """What could not be looked at, and how to get it; nothing where all was there."""
    said = list(dict.fromkeys(missing))
    if not said:
        return ""
    items = "".join(f"<li>{escape(short(sentence, 600))}</li>" for sentence in said)
    return f"<details><summary><b>Not checked</b> ({len(said)})</summary><ul>{items}</ul></details>"


PER_USER_UNREAD = (
    "Its per-user state and its groups were not read: name it in `users` at the top of the notebook, and read the "
    "organisation again."
)


def _accounts(title: str, accounts: list[MfaAccount]) -> str:
    if not accounts:
        return ""
    rows = pd.DataFrame([_row(a) for a in accounts[:ROWS]], columns=list(HEADINGS))
    over = len(accounts) - len(rows)
    more = f'<p class="toolkit-quiet">… and {over:,} more.</p>' if over else ""
    return (
        html_table(rows, headings=HEADINGS, caption=f"{title}: {len(accounts):,}", drawn={"strength": _strength}) + more
    )


def _folded(title: str, accounts: list[MfaAccount]) -> str:
    if not accounts:
        return ""
    return f"<details><summary>{escape(title)} ({len(accounts):,})</summary>{_accounts(title, accounts)}</details>"


def _row(account: MfaAccount) -> tuple[Any, ...]:
    if account.methods is None:
        methods = "not told"
    else:
        methods = short("; ".join(method.title for method in account.methods[:8]), 300) or "nothing"
    role = ", ".join(account.roles[:3]) + (f" and {len(account.roles) - 3} more" if len(account.roles) > 3 else "")
    remarks = [*account.remarks, *(f"In the incident: {change.what}." for change in account.changes[:3])]
    return (
        short(account.user, 120),
        short(role, 160) or ("administrator" if account.admin else "not told" if account.admin is None else ""),
        account.strength,
        methods,
        f"{account.required.state}: {account.required.told}",
        short(" ".join(remarks), 400),
    )


def _strength(value: Any) -> str:
    said = escape(SAID.get(value, "not known"))
    return f'<span class="toolkit-severity" style="border-left-color:{STRENGTHS.get(value, "#999999")}">{said}</span>'


def _count(accounts: list[MfaAccount], noun: str) -> str:
    return plural(len(accounts), noun)
