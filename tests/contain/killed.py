"""Runs of containment that end by SIGKILL at a point to order, each in a process of its own. Started by the test.

One process loads the toolkit once and forks for each order, a line of JSON: `do` (plan, everybody, undo, return,
sender, stop, settle), `user`, and the point: the `entry` that was just written (or `reached`: the service has the
call, and the journal does not know), of which action (`key`, "" for any; with one, only its step is run). With `torn`
only half of that entry is on the disk. The answer is a line with the signal that ended the fork, 0 if the point was
not met.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit import contain
from toolkit.case import Case, open_case
from toolkit.case.journal import Entry, Journal
from toolkit.errors import ToolkitError
from toolkit.tenant import Answer, Tenant, connect
from toolkit.tenant.session import Session

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
FOR_EVERYBODY = ("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector")
REACHED = "reached"
TO_TELL_APART = 1.1  # the one pause that has to pass, for two calls in one second look the same


class Killer:
    """Hooks on the journal and on the session, which know whose call is being made."""

    def __init__(self, entry: str, key: str, *, torn: bool) -> None:
        self.entry, self.key, self.torn = entry, key, torn
        self.current = ""
        append, put, write = Journal.append, Journal._write, Session.write

        def appended(journal: Journal, kind: str, **fields: Any) -> Entry:
            self.current = fields.get("action", self.current)
            self.cuts = self.torn and self.met(kind)
            made = append(journal, kind, **fields)
            if self.met(kind):
                die()
            return made

        def halved(journal: Journal, data: bytes) -> None:
            if self.cuts:
                put(journal, data[: len(data) // 2])
                die()
            put(journal, data)

        def written(session: Session, *given: Any, **how: Any) -> Answer:
            answer = write(session, *given, **how)
            if self.met(REACHED):
                die()
            return answer

        self.cuts = False
        Journal.append = appended  # type: ignore[method-assign]
        Journal._write = halved  # type: ignore[method-assign]
        Session.write = written  # type: ignore[assignment]

    def met(self, entry: str) -> bool:
        return entry == self.entry and self.key in ("", self.current)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def go(folder: Path, do: str, user: str, key: str) -> None:
    """What a person starts, or one step of it; refusals of steps are told to nobody, for the journal has them."""
    case = open_case(folder)
    tenant = connect(case, sleep=lambda seconds: time.sleep(seconds if seconds == TO_TELL_APART else 0))
    if do == "settle":
        contain.settle(case, tenant)
        return
    if do == "stop":
        plan = contain.stop_plan(case, tenant, user)
        contain.stop(plan, user, show_secret=lambda secret, run: True, patience=0.0)
        return
    plan = the_plan(case, tenant, user, do)
    yes = contain.confirm(plan, user)
    if plan.hits_everybody:
        yes.extend(plan, tenant.domain)
    for step in [step for step in plan.steps if key in ("", step.action.key)]:
        with suppress(ToolkitError):
            if do == "undo" and step.undo is not None:
                contain.undo(plan, step.action.key, yes, patience=0.0)
            elif do != "undo" and step.can_run and step.status not in ("done", "sent, not yet visible"):
                contain.run(plan, step.action.key, yes, show_secret=lambda secret, run: True, patience=0.0)


def the_plan(case: Case, tenant: Tenant, user: str, do: str = "plan") -> contain.Plan:
    """The plan of an order: what is suggested, and with `everybody` what hits everybody; or one of the last ones."""
    if do == "return":
        return contain.make_return_plan(case, tenant, user, suspicion=INSIDE)
    if do == "sender":
        return contain.make_sender_plan(case, tenant, user, suspicion=INSIDE)
    plan = contain.make_plan(case, tenant, user, suspicion=INSIDE)
    if do != "everybody":
        return plan
    keys = [o.action.key for o in plan.offers if o.chosen or o.action.kind in FOR_EVERYBODY]
    return contain.make_plan(case, tenant, user, suspicion=INSIDE, chosen=keys)


def main(folder: Path) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            Killer(order["entry"], order["key"], torn=order["torn"])
            go(folder, order["do"], order["user"], order["key"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"signal": os.WTERMSIG(status), "code": status >> 8}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
