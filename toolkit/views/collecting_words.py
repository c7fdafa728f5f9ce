"""What the collection panel says in a line or two: how much came, and how a collection ended."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.collect.ledger import Line
from toolkit.collect.said import WHOLE
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.collect.work import Collection
from toolkit.detect.words import plural
from toolkit.views.look import box

SEE_THEM = "Run the cells above again, and the other notebooks, to see what came."


def counted(lines: Sequence[Line]) -> str:
    """E.g. “71 windows and 53 lists, 1,024 records”: a list is of now, a window of some hours or days."""
    lists = sum(line.source in (ACCOUNT, ORGANISATION) for line in lines)
    each = [plural(n, what) for n, what in ((len(lines) - lists, "window"), (lists, "list")) if n]
    return f"{' and '.join(each) or 'nothing yet'}, {plural(sum(line.records for line in lines), 'record')}"


def ended_html(done: Collection, unasked: str = "") -> str:
    """How a collection ended, how much came, what was not asked (a sentence), and what to do next, in a box."""
    known = done.known
    hindered = sum(line.state not in WHOLE for line in done.lines)
    already = f"; {plural(known, 'window')} {'was' if known == 1 else 'were'} there already" if known else ""
    said = f"{counted(done.lines)}{already}.{unasked and f' {unasked}'}"
    if done.stopped:
        goes_on = f"What was received is kept; Start collecting goes on from there. {SEE_THEM}"
        return box(f"{done.stopped_by}. {said} {goes_on}", "warning")
    if hindered:
        why = f"{hindered:,} did not come whole: the ledger below says which, and why."
        return box(f"{said} {why} {SEE_THEM}", "warning")
    return box(f"{said} {SEE_THEM}", "done")
