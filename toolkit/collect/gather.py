"""Everything about accounts in one go: the windows newest first, the state of now, and findings as they stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from toolkit.case import Case
from toolkit.collect.calls import note_calls_of, with_every_call
from toolkit.collect.further import More, as_far_as_kept, by_another_road
from toolkit.collect.ledger import Line, lines, plan
from toolkit.collect.profile import Profile, profile
from toolkit.collect.roads.road import Halted, halt_if
from toolkit.collect.shares import in_turn, part
from toolkit.collect.state import ACCOUNT, ORGANISATION, SECONDS, STATES, collect_state, states_to_read
from toolkit.collect.ticking import told_while
from toolkit.collect.work import Collection, collect, patiently, until_spent
from toolkit.contain import resolve
from toolkit.contain.guards import check_tenant
from toolkit.detect import Triage, triage
from toolkit.tenant import Tenant
from toolkit.tenant.pace import Pace
from toolkit.tenant.tokens import asking_nobody

SELDOM = 20.0
"""Looking for findings may take up a twentieth of the time."""
STOOD, FETCHED, FURTHER = 0.1, 0.8, 0.9
"""How much of all is behind when the state of the accounts was read, their windows came, and further ones."""


@with_every_call
def gather(
    case: Case,
    tenant: Tenant,
    users: Sequence[str],
    *,
    wanted: str | Profile = "standard",
    refresh: bool = False,
    told: Callable[[Line], None] = lambda line: None,
    report: Callable[[str, float], None] = lambda what, share: None,
    found: Callable[[Triage, bool], None] = lambda triage, last: None,
    halted: Halted = lambda: False,
    now_and_then: bool = False,
    seconds: float | None = None,
) -> Collection:
    """How the accounts stand now (`collect_state`), then `collect`, then how the organisation stands; one result.

    Before the organisation, unless it is a `refresh`: the audit log further back, where the profile wants it and the
    licences say that it is kept longer, and by Graph's audit search, where `Search-UnifiedAuditLog` is not available.

    `found` gets the findings as they stand when the newest days are there (a profile's first step), and at the end
    (then its second argument is true), after a stop too; with `now_and_then` also while windows arrive. `report` is
    told what is being done and how much of all is behind it (0 to 1), which only grows. `seconds` is a budget for all
    of it: what is left then is not asked for yet.

    Raises:
        GuardRefused, CaseBusy, TenantError: as `collect`.
    """
    chosen = wanted if isinstance(wanted, Profile) else profile(wanted)
    looks = _Looks(case, found, report, now_and_then=now_and_then, steps=len(chosen.days))

    def reported(what: str, share: float) -> None:
        report(what, share)
        looks.while_they_arrive(share)

    def line_told(line: Line) -> None:
        told(line)
        looks.outdated()

    over = until_spent(halted, seconds)
    pace = tenant.pace(seconds, partial(halt_if, over))
    with tenant.session.paced(pace), asking_nobody():
        done = _gathered(
            case, tenant, users, chosen, wanted, pace, refresh=refresh, told=line_told, report=reported,
            step_done=looks.step_done, halted=over,
        )  # fmt: skip
    done.spent = done.stopped and not halted()
    looks.look(1.0, last=True)
    return done


def _gathered(
    case: Case,
    tenant: Tenant,
    users: Sequence[str],
    chosen: Profile,
    wanted: str | Profile,
    pace: Pace,
    *,
    refresh: bool,
    told: Callable[[Line], None],
    report: Callable[[str, float], None],
    step_done: Callable[[], None],
    halted: Halted,
) -> Collection:
    check_tenant(case, tenant)
    names = [patiently(partial(resolve, tenant, user)).user_principal_name for user in users]
    states = STATES if chosen.states is None else chosen.states
    if not refresh:
        plan(case, states_to_read(case, tenant, names, states))

    def state(of: str, start: float, end: float) -> list[Line]:
        if of not in states or halted():
            return []
        # A list of a state is read within minutes or not at all: a longer pause is told, and the others go on.
        seconds = min(SECONDS, pace.time_left)
        brief = pace.within(seconds, partial(halt_if, halted))
        with tenant.session.paced(brief), tenant.session.meters.measure() as meter:
            read = collect_state(case, tenant, names, told, part(report, start, end), halted, of=(of,), seconds=seconds)
        note_calls_of(case, of, meter.request_ids)
        return read

    # Rules and forwarding can be gone in a minute: they are read before the logs, which keep.
    stands = [] if refresh else state(ACCOUNT, 0.0, STOOD)
    windows = part(report, 0.0 if refresh else STOOD, FETCHED)
    done = collect(
        case, tenant, names, wanted=wanted, refresh=refresh, told=told, report=windows, step_done=step_done,
        halted=halted, pace=pace,
    )  # fmt: skip
    done.lines[:0] = stands
    if not refresh:
        rests: tuple[Callable[[], list[More]], ...] = (
            lambda: as_far_as_kept(case, tenant, chosen, names),
            lambda: by_another_road(case, chosen, names),
        )
        turns = in_turn(part(report, FETCHED, FURTHER), (1.0,) * len(rests))
        for rest, turn in zip(rests, turns, strict=True):
            found = [] if done.stopped else rest()
            for more, within in zip(found, in_turn(turn, (1.0,) * len(found)), strict=True):
                if not done.stopped:
                    further = collect(
                        case, tenant, more.accounts, wanted=more.chosen, told=told, report=within, halted=halted,
                        pace=pace,
                    )  # fmt: skip
                    done.lines += further.lines
                    done.stopped = further.stopped
    if not done.stopped and not (refresh and not _state_may_grow(case)):
        done.lines += [*(state(ACCOUNT, FETCHED, FURTHER) if refresh else []), *state(ORGANISATION, FURTHER, 1.0)]
        done.stopped = halted()
    return done


class _Looks:
    """When to look for findings: after the first of several steps, and, if wanted, seldom enough to cost little."""

    def __init__(
        self,
        case: Case,
        found: Callable[[Triage, bool], None],
        report: Callable[[str, float], None],
        *,
        now_and_then: bool,
        steps: int,
    ) -> None:
        self._case, self._found, self._report = case, found, report
        self._often, self._first = now_and_then, steps > 1
        self._share = 0.0
        self._seen: Triage | None = None
        self._next = time.monotonic() + 2.0

    def while_they_arrive(self, share: float) -> None:
        self._share = share
        if self._often and time.monotonic() > self._next:
            self.look(share)

    def step_done(self) -> None:
        if self._first:
            self._first = False
            self.look(self._share)

    def outdated(self) -> None:
        """Something came that the last look did not see."""
        self._seen = None

    def look(self, share: float, *, last: bool = False) -> None:
        began = time.monotonic()
        if self._seen is None:
            self._report("Looking for findings", share)
            with told_while(lambda seconds: self._report(f"Looking for findings, {seconds:.0f} s", share)):
                self._seen = triage(self._case)
        self._found(self._seen, last)
        self._next = time.monotonic() + SELDOM * (time.monotonic() - began)


def _state_may_grow(case: Case) -> bool:
    states = [line for line in lines(case) if line.source in (ACCOUNT, ORGANISATION)]
    return not states or any(line.needs_asking for line in states)
