"""What to fetch for an account from a live tenant, and the ledger of what came."""

from toolkit.collect.horizon import horizon
from toolkit.collect.ledger import Line, ledger, lines
from toolkit.collect.marks import Mark, marks_of, name_marks, named_mark, pivots_open, typed_mark
from toolkit.collect.profile import Profile, profile
from toolkit.collect.work import WORKERS, Collection, collect, pivot

__all__ = [
    "WORKERS",
    "Collection",
    "Line",
    "Mark",
    "Profile",
    "collect",
    "horizon",
    "ledger",
    "lines",
    "marks_of",
    "name_marks",
    "named_mark",
    "pivot",
    "pivots_open",
    "profile",
    "typed_mark",
]
