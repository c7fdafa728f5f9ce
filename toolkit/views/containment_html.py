"""What the containment panel says, as HTML: cards of a plan, doors, journal. Every value is escaped."""

from __future__ import annotations

from html import escape

import pandas as pd

from toolkit.case import Case
from toolkit.contain import Door, Offer, Plan, Record, Step, call_text, records
from toolkit.views.containment_steps import RUNNING
from toolkit.views.evidence_rows import one_line
from toolkit.views.look import box, html_table

STYLE = """
.containment-card { border: 1px solid var(--jp-border-color1, #bbb); border-radius: 4px; padding: 10px 14px;
  margin: 8px 0 0; }
.containment-card h4 { font-size: 14px; font-weight: 600; margin: 0 0 4px; }
.containment-card pre.containment-call.containment-call { font: 12px/1.5 var(--jp-code-font-family, monospace);
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--jp-layout-color2, #f3f3f3);
  color: var(--jp-ui-font-color1, #222); border-radius: 3px; padding: 6px 10px; margin: 8px 0; }
dl.containment-facts.containment-facts { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px;
  margin: 8px 0; }
dl.containment-facts.containment-facts dt { float: none; width: auto; font-weight: 400;
  color: var(--jp-ui-font-color2, #666); }
dl.containment-facts.containment-facts dd { margin: 0; width: auto; overflow-wrap: anywhere; }
.containment-card details.containment-more { border: 0; padding: 2px 0; }
.containment-offer.containment-offer, .containment-offer .widget-label-basic { height: auto; }
.containment-offer .widget-label-basic, .containment-offer .widget-label-basic span { white-space: normal;
  overflow: visible; line-height: 1.5; }
.containment-state { float: right; border: 1px solid var(--jp-border-color1, #bbb); border-radius: 10px;
  padding: 0 10px; font-size: 12px; }
.containment-running { border: 2px solid #0072b2; font-weight: 600; }
"""
WORDS = {
    "to do": "to do",
    "already so": "already so",
    "done": "done, read back",
    "sent, not yet visible": "sent, not yet visible",
    "in doubt": "in doubt",
    "offered again": "to be done again",
    "not done": "to do",
    "cannot be read": "cannot be read",
}


def card(number: int, step: Step, stage: str = "") -> str:
    """One step of a plan: why, the exact call, before and after, and what it does not do.

    `stage` says where the step is while steps are run (waiting, running …), in the place of its state.
    """
    action = step.action
    unread = step.problem or "not read: this case has no live tenant"
    now = action.before(step.before.values) if step.before else unread
    facts = [
        ("now", now),
        ("afterwards", action.after()),
        ("effect", action.effect),
        ("does not", action.does_not),
        ("what remains", action.residual),
    ]
    more = [
        ("undo", action.undo_note),
        ("needs", f"{action.permission}; role: {action.role}"),
        ("tried on a live tenant", action.live_verified),
    ]
    settled = step.status in {"done", "already so"}
    warnings = [] if settled else action.warnings(step.before.values if step.before else {})
    if step.status == "offered again":
        warnings.append("A reset was sent, and nobody is known to have seen its password: do it again.")
    if step.status == "in doubt" and action.settles:
        warnings.append("A call was sent and its answer was lost; Run reads first and does not repeat what was done.")
    elif step.status == "in doubt":
        warnings.append("A call was sent and its answer was lost; reading cannot tell, so do it again.")
    back = ""
    if step.undo is not None:
        first = f"First judge the finding “{step.behind}” the owner's, in notebook 1. " if step.behind else ""
        what = box(f"{first}It would bring back: {action.before(step.restores)}", "note", title="Undo")
        text = f'{what}<pre class="containment-call">{escape(call_text(step.undo))}</pre>'
        back = f'<details class="containment-more"><summary>What an undo would bring back</summary>{text}</details>'
    call = f'<p>{escape(action.reason)}</p><pre class="containment-call">{escape(call_text(step.call))}</pre>'
    told = f"{call}{_facts(facts)}"
    if settled:
        # What is done takes little room: how it stands now, the rest behind a click.
        more = [*facts[1:], *more]
        told = f'{_facts(facts[:1])}<details class="containment-more"><summary>What was sent</summary>{call}</details>'
    mark = " containment-running" if stage == RUNNING else ""
    state = f'<span class="containment-state{mark}">{escape(stage or WORDS[step.status])}</span>'
    label = "Effect, undo, permissions, tests" if settled else "Undo, permissions, tests"
    return (
        f'<div class="containment-card">{state}<h4>{number}. {escape(action.title)}</h4>'
        f"{told}{''.join(box(w, 'warning') for w in warnings)}{back}"
        f'<details class="containment-more"><summary>{label}</summary>{_facts(more)}</details></div>'
    )


def plan_heading(plan: Plan) -> str:
    """Which account the plan is about."""
    target = plan.target
    facts = [("account", target.user_principal_name)]
    if plan.tenant is not None:
        facts += [
            ("display name", target.display_name),
            ("object id", target.object_id),
            ("tenant", f"{plan.tenant.domain} ({target.tenant_id})"),
            ("you are", plan.tenant.operator.user_principal_name),
        ]
    if plan.suspicion.assumed and plan.suspicion.since:
        since = f"no finding tells; taken are the 30 days before this reading, from {plan.suspicion.since:%Y-%m-%d}"
        facts.append(("intruder inside since", since))
    elif plan.suspicion.since and not plan.returning:
        since = f"{plan.suspicion.since:%Y-%m-%d %H:%M} UTC at the earliest, by the findings"
        facts.append(("intruder inside since", since))
    notes = _list("Could not be read, so nothing about it is in this plan", plan.notes)
    hand = _list("To be done by hand", plan.by_hand)
    kept = f"<p class='toolkit-quiet'>All of it as it was: {escape(plan.snapshot.file)}</p>" if plan.snapshot else ""
    return f"<h3>Plan</h3>{_facts(facts)}{hand}{notes}{kept}"


def offline_plan(plan: Plan) -> str:
    """The plan of a case without a live tenant: what would be done, in order, and why it cannot be run here."""
    sentence = (
        "This case was made from files and has no live tenant, so nothing can be run from here; these are the "
        "calls to carry out by hand, in this order. Use the account's object id where its name stands."
    )
    cards = "".join(card(number, step) for number, step in enumerate(plan.steps, 1))
    return f"{plan_heading(plan)}{box(sentence)}{cards}"


def offer_label(offer: Offer) -> str:
    """One line about something that could be done, for its checkbox (plain text)."""
    why = f" – {offer.why}" if offer.why else ""
    text = f": {offer.text}" if offer.text and offer.text not in offer.action.title else ""
    return one_line(f"{offer.action.title}{text}{why}", 240)


def untaken(plan: Plan) -> str:
    """What looks like the intruder's and is no step, because it hits everybody: a sentence, "" if there is none."""
    left = [o for o in plan.left_out if o.suspected and o.action.hits_everybody]
    if not left:
        return ""
    many = "1 more looks" if len(left) == 1 else f"{len(left)} more look"
    it = "it hits" if len(left) == 1 else "they hit"
    return (
        f"{many} like the intruder's work too, but {it} the whole organisation, so only you tick that: "
        f"{'; '.join(o.action.title for o in left)}. Such a step also needs the tenant's domain typed."
    )


def how_to_close(door: Door, plan: Plan | None) -> str:
    """What to tick for an open door that no step of the plan closes; "" if there is nothing to tick."""
    left = plan.would_close(door) if plan is not None else []
    if not left:
        return ""
    ticks = "; ".join(o.action.title for o in left)
    domain = ", and type the tenant's domain" if any(o.action.hits_everybody for o in left) else ""
    return f"No step of the plan closes it. Under “What was found” tick: {ticks}; then press Preview plan{domain}."


def doors_table(found: list[Door], plan: Plan | None = None) -> str:
    """The doors with their state, the evidence for it, and what to tick where no step of the plan closes one."""
    if not found:
        return "<h3>Doors</h3><p class='toolkit-quiet'>Not read yet.</p>"
    rows = pd.DataFrame(
        [
            {"door": d.name, "state": d.state, "evidence": " ".join(filter(None, [d.evidence, how_to_close(d, plan)]))}
            for d in found
        ]
    )
    return f"<h3>Doors</h3>{html_table(rows)}"


def journal_table(case: Case) -> str:
    """Every changing call of the case: when, what, to whom, and how it ended. Times are this computer's, UTC."""
    found = records(case)
    if not found:
        return "<h3>Journal</h3><p class='toolkit-quiet'>No call that changes anything was sent in this case.</p>"
    rows = pd.DataFrame([_line(call) for call in reversed(found)])
    where = "<p class='toolkit-quiet'>Each call word for word, with its client-request-id: journal.jsonl.</p>"
    return f"<h3>Journal</h3>{html_table(rows, limit=50)}{where}"


def record(case: Case, found: list[Door], plan: Plan | None = None) -> str:
    """What a notebook keeps of a finished plan: doors, with the tenant's time at which they were so, and journal."""
    read = next((door.read for door in found if door.read), None)
    when = f"<p class='toolkit-quiet'>Read at {read:%Y-%m-%d %H:%M:%S} UTC, the tenant's time.</p>" if read else ""
    return f"{doors_table(found, plan)}{when}{journal_table(case)}"


def _line(call: Record) -> dict[str, str]:
    password = f"password set, length {call.secret_length}, {'shown' if call.shown else 'not seen'}"
    answered = f"{call.http_status or ''}, {call.answered_date:%H:%M:%S}" if call.answered_date else "none"
    return {
        "sent (this computer's clock, UTC)": call.started[:19].replace("T", " "),
        "account": call.target.get("user_principal_name", ""),
        "what": f"{'Undo: ' if call.direction == 'undo' else ''}{call.title}",
        "answer (the tenant's clock)": answered,
        "state": call.status,
        "note": "; ".join(part for part in (password if call.secret_length else "", call.text) if part),
    }


def _list(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    inner = "".join(f"<li>{escape(line)}</li>" for line in lines)
    summary = f"<summary>{escape(title)} ({len(lines)})</summary>"
    return f'<details class="containment-more">{summary}<ul>{inner}</ul></details>'


def _facts(facts: list[tuple[str, str]]) -> str:
    inner = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="containment-facts">{inner}</dl>'
