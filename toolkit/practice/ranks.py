"""Who may reset, block, or change the methods of an administrator: not every role that may do so to others."""

from __future__ import annotations

from toolkit.practice.directory_roles import GLOBAL_ADMINISTRATOR
from toolkit.practice.http import Refused
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
"""Source: Entra, "Built-in roles", which also says who may perform sensitive actions on whom."""
_MAY = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})


def is_administrator(state: Record, user_id: str) -> bool:
    """Whether a user holds a directory role, itself or by a group that does."""
    groups = {key for key, group in state["groups"].items() if user_id in group["_members"]}
    return any(row["principalId"] in {user_id, *groups} for row in state["role_assignments"])


def check_rank(situation: Situation, user: Record, code: str, text: str) -> None:
    """Raises `Refused` (403) where a person without a role that reaches administrators acts on one."""
    roles = situation.roles
    if roles is None or roles & _MAY or user["id"] == situation.operator.id:
        return
    if is_administrator(situation.state, user["id"]):
        raise Refused(403, code, text)
