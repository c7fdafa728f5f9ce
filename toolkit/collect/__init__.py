"""What to fetch for an account from a live tenant, and the ledger of what came."""

from toolkit.collect.ledger import Line, ledger, lines
from toolkit.collect.profile import Profile, profile
from toolkit.collect.work import WORKERS, Collection, collect

__all__ = ["WORKERS", "Collection", "Line", "Profile", "collect", "ledger", "lines", "profile"]
