"""In which order the steps of a plan stand: the playbook's, and what of it a person may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toolkit.contain.action import Action
from toolkit.contain.actions import KINDS
from toolkit.errors import GuardRefused

STOP = frozenset({"block-sign-in", "reset-password", "reset-password-writeback", "revoke-sessions"})
RESET = frozenset({"reset-password", "reset-password-writeback"})
MAKES_TOKENS = frozenset({
    "disable-device", "remove-method", "remove-consent", "remove-app-role", "remove-consent-of-everybody",
    "remove-role",
})  # fmt: skip
KEEPS_MAIL = frozenset({"hold-mail"})
CLEARS_MAIL = frozenset({"disable-inbox-rule", "disable-sweep-rule", "clear-forwarding", "clear-outside-forwarding"})
ANY = frozenset(KINDS)
# What has to come before what, and why. Everything else is free.
RULES: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (frozenset({"block-sign-in"}), RESET | {"revoke-sessions"}, "sign-in is stopped first"),
    (RESET, frozenset({"revoke-sessions"}), "whoever knows the old password would sign in again in the gap"),
    (STOP, ANY - STOP - KEEPS_MAIL, "whoever still has a session puts back what is removed"),
    (KEEPS_MAIL, CLEARS_MAIL, "only what is held before stays recoverable"),
    (MAKES_TOKENS, frozenset({"revoke-sessions-again"}), "each of these may have given out tokens meanwhile"),
    (frozenset({"remove-method"}), frozenset({"require-mfa"}), "else the second factor serves the intruder"),
    (
        frozenset({"clear-outside-forwarding"}),
        frozenset({"clear-forwarding"}),
        "clearing the inside address alone would wake the outside one",
    ),
    (frozenset({"issue-access-pass"}), frozenset({"give-back"}), "the owner needs a pass to register with"),
    (frozenset({"give-back"}), frozenset({"unblock-sender"}), "sending is restored last"),
)


def in_order(actions: Iterable[Action], wanted: Sequence[str] = ()) -> list[Action]:
    """The actions as the playbook orders them; those of one kind stay as they came.

    `wanted`: keys in the order a person gave them, kept as far as it is safe; new actions go to their own place.
    """
    place = {kind: number for number, kind in enumerate(KINDS)}
    ours = sorted(actions, key=lambda action: place[action.kind])
    theirs = {key: number for number, key in enumerate(wanted)}
    moved = iter(sorted((a for a in ours if a.key in theirs), key=lambda action: theirs[action.key]))
    rearranged = [next(moved) if action.key in theirs else action for action in ours]
    return ours if _broken(rearranged) else rearranged


def stays_before(first: Action, second: Action) -> str:
    """Why `first` has to come before `second`, as a clause; "" if the two are free."""
    for earlier, later, why in RULES:
        if first.kind in earlier and second.kind in later:
            return why
    return ""


def check_order(actions: Sequence[Action]) -> None:
    """Refuse an order in which a step comes before one that it needs.

    Raises:
        GuardRefused: with the two steps, and why.
    """
    broken = _broken(actions)
    if broken:
        raise GuardRefused(broken)


def _broken(actions: Sequence[Action]) -> str:
    for number, early in enumerate(actions):
        for late in actions[number + 1 :]:
            why = stays_before(late, early)
            if why:
                return f"“{late.title}” has to come before “{early.title}”: {why}."
    return ""
