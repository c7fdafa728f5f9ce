"""What `contain` prints and asks: steps, outcomes, doors, the typed name; and the screen that shows a secret once."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import GuardRefused

if TYPE_CHECKING:
    from toolkit.contain import Door, Outcome, Plan, Step
    from toolkit.tenant import Call, Secret

DONE = ("done", "already so")
NOT_READ = "not read"


def say_steps(steps: Iterable[Step], *, err: bool = False, states: bool = True) -> None:
    """Each step: why, the exact call, what is so now and afterwards, what it does not do, what to know before a yes."""
    for number, step in enumerate(steps, 1):
        action = step.action
        state = f" [{step.status}]" if states else ""
        click.echo(f"\n{number}. {plain(action.title)}{state}", err=err)
        told = (
            ("Why", " ".join(filter(None, [action.reason, _why(action)]))),
            ("Now", now_in_words(step)),
            ("Afterwards", action.after()),
            ("Does not", action.does_not),
        )
        for name, text in told:
            click.echo(f"   {name + ':':12}{plain(text)}", err=err)
        for warning in _warnings(step):
            click.echo(f"   {'Note:':12}{plain(warning)}", err=err)
        _say_call(step.call, err=err)


def say_undo(step: Step, *, err: bool = True) -> None:
    """The call that undoes a step, and what it brings back."""
    assert step.undo is not None
    click.echo(f"Undo: {plain(step.action.title)}", err=err)
    told = (
        ("Now", now_in_words(step)),
        ("Afterwards", step.action.before(step.restores)),
        ("Undo", step.action.undo_note),
    )
    for name, text in told:
        click.echo(f"   {name + ':':12}{plain(text)}", err=err)
    _say_call(step.undo, err=err)


def steps_told(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "key": step.action.key, "title": step.action.title, "status": step.status, "reason": step.action.reason,
            "now": now_in_words(step), "afterwards": step.action.after(), "does_not": step.action.does_not,
            "method": step.call.method, "url": step.call.url, "body": step.call.body,
        }
        for step in steps
    ]  # fmt: skip


def now_in_words(step: Step) -> str:
    """What was so when the step was previewed; a file may hold anything."""
    if step.before is None:
        return step.problem or NOT_READ
    try:
        return step.action.before(step.before.values)
    except (TypeError, AttributeError, ValueError, KeyError):
        return "what the file says about it is of no known form"


def say_outcomes(outcomes: Iterable[tuple[str, Outcome]]) -> None:
    for title, outcome in outcomes:
        click.echo(f"{outcome.status.upper():9} {plain(title)}: {plain(outcome.text)}")


def say_left_out(plan: Plan) -> None:
    """What was found and is no step, with the key by which it becomes one."""
    if plan.left_out:
        click.echo("\nFound, and not in the plan. To take one in, ask again with --with and its key:")
    for offer in plan.left_out:
        everybody = "hits the whole organisation; " if offer.action.hits_everybody else ""
        why = "; ".join(filter(None, [offer.text, offer.why]))
        click.echo(f"  --with {plain(shlex.quote(offer.action.key))}")
        click.echo(f"      {plain(f'{offer.action.title}: {everybody}{why}')}")


def say_doors(found: Sequence[Door], plan: Plan | None = None) -> None:
    for door in found:
        click.echo(f"{door.state.upper():12} {door.name}: {plain(door.evidence)}")
        for offer in plan.would_close(door) if plan is not None else []:
            key = plain(shlex.quote(offer.action.key))
            click.echo(f"{'':12} No step closes it: {plain(offer.action.title)} (--with {key})")


def doors_told(found: Sequence[Door]) -> list[dict[str, str]]:
    """The same for programs."""
    return [{"name": door.name, "state": door.state, "evidence": door.evidence} for door in found]


def say_around(plan: Plan, *, err: bool = False) -> None:
    """What stands beside the steps of a plan: what could not be read, and what is done by hand."""
    for text in plan.notes:
        click.echo(f"Note: {plain(text)}", err=err)
    say_by_hand(plan, err=err)


def say_by_hand(plan: Plan, *, err: bool = False) -> None:
    for text in plan.by_hand:
        click.echo(f"By hand: {plain(text)}", err=err)


def typed(name: str, question: str = "Type {name} to do it (anything else does nothing)") -> str:
    """What a person types as the yes.

    Raises:
        GuardRefused: there is nobody to type it.
    """
    try:
        return str(click.prompt(f"\n{question.format(name=name)}", err=True, default="", show_default=False))
    except click.Abort:
        click.echo("", err=True)
        raise GuardRefused(f"Nothing was sent, because nobody typed {name}.") from None


def screen(name: str) -> Any:
    """Shows a secret on the terminal itself, never in the output, which may be a file; None where there is none."""
    try:
        with open("CON" if os.name == "nt" else "/dev/tty", "w", encoding="utf-8") as terminal:
            if not terminal.isatty():
                return None
    except OSError:
        return None

    def show(secret: Secret, _run: str) -> bool:
        with open("CON" if os.name == "nt" else "/dev/tty", "w", encoding="utf-8") as terminal:
            terminal.write(f"\n{name}, shown this once. Hand it over by telephone or in person:\n{secret.reveal()}\n\n")
        return True

    return show


def progress(text: str) -> None:
    click.echo(f"… {plain(text)}", err=True)


def code(outcomes: Iterable[Outcome]) -> int:
    """0: all are done. 1: some. 2: none."""
    done = [outcome.status in DONE for outcome in outcomes]
    return 0 if done and all(done) else 1 if any(done) else 2


def print_json(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=True))


def plain(text: str) -> str:
    """Evidence on one line of a terminal: without control characters and line breaks, which could forge other lines."""
    return "".join(c if c.isprintable() else "·" for c in text)


def _warnings(step: Step) -> list[str]:
    try:
        return step.action.warnings(step.before.values) if step.before else []
    except (TypeError, AttributeError, ValueError, KeyError):
        return []


def _why(action: object) -> str:
    why = str(getattr(action, "why", ""))
    return f"Here: {why}." if why else ""


def _say_call(call: Call, *, err: bool) -> None:
    """Method and address; the body; a cmdlet as it is typed: a line each, whatever stands in them."""
    from toolkit.contain import call_text
    from toolkit.tenant.gate import canonical

    lines = [f"{call.method} {call.url}", *([canonical(call.body)] if call.body is not None else [])]
    rest = call_text(call).removeprefix("\n".join(lines)).removeprefix("\n")
    for line in [*lines, *([rest] if rest else [])]:
        click.echo(f"   {plain(line)}", err=err)
