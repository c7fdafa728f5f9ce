"""So that it does not happen again: what protects the organisation, what does not, and what to do about it."""

from toolkit.harden.plan import hardening_plan
from toolkit.harden.state import kept_state, read_state

__all__ = ["hardening_plan", "kept_state", "read_state"]
