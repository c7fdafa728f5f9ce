"""Blocked from sending, in words: which case it is, what to do in order, who is restricted, what the policies do."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import pandas as pd

from toolkit.detect.words import plural, short
from toolkit.harden.bounce_kinds import ACCOUNT, FORWARDING, OTHER, TENANT
from toolkit.harden.bounces import Bounce, BounceReport
from toolkit.harden.sending import HOW_TO_UNBLOCK_CONNECTOR, PolicyRead, SendingReport
from toolkit.views.hardening_mfa import check_html, not_checked_html
from toolkit.views.look import box, html_table

ROWS = 50
BOUNCES = 20
KINDS = {TENANT: "error", ACCOUNT: "error", FORWARDING: "warning"}


def sending_html(report: SendingReport) -> str:
    """The whole section: restricted senders, how they are lifted, bounces of the case, policies.

    HTML, every text escaped; lists are cut and say how many more there are. It offers nothing that lifts a
    restriction: that is the plan which gives an account back.
    """
    return "".join(
        (
            restricted_html(report),
            bounces_html(report.bounces),
            policies_html(report),
            not_checked_html(report.not_checked),
        )
    )


def restricted_html(report: SendingReport) -> str:
    """Who is restricted for outbound spam, and the way back in order."""
    rows = pd.DataFrame(
        [
            (short(r.address, 120), r.since[:19].replace("T", " "), r.reason, r.unblocked_before)
            for r in report.restricted
        ],
        columns=["address", "since", "reason", "before"],
    )
    headings = {
        "address": "Sender, as the list has it", "since": "Since (UTC)", "reason": "Why, as the service says",
        "before": "Lifted by this case before",
    }  # fmt: skip
    table = html_table(rows, headings=headings, limit=ROWS) if len(rows) else ""
    kind = "error" if report.restricted else "note"
    none = "none" if report.connectors.done else "not checked"
    connectors = f"<p><b>{none.capitalize()}.</b> {escape(_sentence(report.connectors.told))}</p>"
    lifted = "" if report.connectors.done else _steps(HOW_TO_UNBLOCK_CONNECTOR)
    return (
        f"<h3>Restricted senders</h3>{box(report.restricted_told, kind)}{table}{_steps(report.unblocking)}"
        f"<h3>Blocked connectors</h3>{connectors}{lifted}"
    )


def bounces_html(report: BounceReport) -> str:
    """Each code that was found: which case it is, what to do, what to expect."""
    notes = "".join(f'<p class="toolkit-quiet">{escape(note)}</p>' for note in report.notes)
    if not report.checked:
        return f"<h3>Bounces</h3>{box(report.told, 'warning')}{notes}"
    over = len(report.bounces) - BOUNCES
    more = f'<p class="toolkit-quiet">… and {over:,} more codes.</p>' if over > 0 else ""
    each = "".join(map(bounce_html, report.bounces[:BOUNCES]))
    return f"<h3>Bounces</h3><p>{escape(report.told)}</p>{each}{more}{notes}"


def bounce_html(bounce: Bounce) -> str:
    """One code as a box with its steps."""
    where = f" Addresses that it names: {', '.join(bounce.addresses[:5])}." if bounce.addresses else ""
    people = f" Seen for {', '.join(short(p, 80) for p in bounce.people[:5])}." if bounce.people else ""
    evidence = f" ({bounce.row.detection})" if bounce.row is not None and bounce.row.detection else ""
    head = box(
        f"Code {bounce.code}{evidence}, seen {plural(bounce.count, 'time')}. {bounce.meaning}{where}{people}",
        KINDS.get(bounce.kind.group, "note"),
        title=bounce.kind.title,
    )
    told = f"<p>{escape(f'What to expect: {bounce.kind.expect} {bounce.kind.repeat}'.strip())}</p>"
    own = bounce.row is not None and bounce.kind.group in (TENANT, OTHER)  # of the others the steps say it
    action = f"<p>{escape(_sentence(bounce.row.action))}</p>" if own and bounce.row is not None else ""
    said = "".join(f"<li><code>{escape(excerpt)}</code></li>" for excerpt in bounce.excerpts)
    shown = f"<details><summary>Where it stands</summary><ul>{said}</ul></details>" if said else ""
    return f"{head}{_steps(bounce.kind.steps)}{action}{told}{shown}"


def policies_html(report: SendingReport) -> str:
    """Whether automatic forwarding is refused, and each policy in a sentence with what is recommended."""
    answer = f"<p>{check_html(report.forwarding)} {escape(report.forwarding.told)}</p>"
    parts = _read("Outbound spam policy", report.policies) + _read("Remote domain", report.domains)
    quiet = f'<p class="toolkit-quiet">{escape(_sentence(report.told))}</p>' if report.told else ""
    return f"<h3>Is automatic forwarding to the outside refused?</h3>{answer}{parts}{quiet}"


def _read(kind: str, policies: list[PolicyRead]) -> str:
    if not policies:
        return ""
    rows = pd.DataFrame(
        [(p.name, p.told, " ".join(p.recommended) or "nothing") for p in policies], columns=["name", "told", "advice"]
    )
    return html_table(rows, headings={"name": kind, "told": "What it does", "advice": "Recommended"}, limit=ROWS)


def _steps(steps: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(step)}</li>" for step in steps)
    return f"<ol>{items}</ol>" if items else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
