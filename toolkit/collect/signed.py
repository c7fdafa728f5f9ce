"""How a case's tenant was signed in to and what was named for it, so that a command which goes on says it again."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.case import Case

SIGNED_IN = "collect.signed-in"
# What is noted → the option that says it. Ids and names alone: secrets are no options.
OPTIONS = {
    "cloud": "--cloud",
    "way": "--sign-in",
    "tenant_name": "--tenant",
    "client_id": "--client-id",
    "containment_client_id": "--containment-client-id",
    "certificate": "--certificate",
    "workspace": "--workspace",
}
_UNSAID = {"cloud": "global"}


def note_options(case: Case, given: Mapping[str, object]) -> None:
    """Note in the journal which of `OPTIONS` a collection was begun with, where the last one had others."""
    told = {name: str(given[name]) for name in OPTIONS if given.get(name) and given[name] != _UNSAID.get(name)}
    if told != _last(case):
        case.journal.append(SIGNED_IN, practice=case.practice, options=told)


def options_said(case: Case) -> str:
    """The options that the last collection was begun with, as they are typed, with a blank before each; "" for none."""
    told = _last(case)
    return "".join(f" {option} {quoted(told[name])}" for name, option in OPTIONS.items() if told.get(name))


def quoted(text: str) -> str:
    """A word of a command as it is typed: within quotation marks, unless it needs none."""
    plain = text and all(c.isalnum() or c in "@.-_/" for c in text)
    return text if plain else '"' + text.replace('"', "") + '"'


def _last(case: Case) -> dict[str, str]:
    entries = case.journal.entries(SIGNED_IN)
    told = entries[-1].fields.get("options") if entries else None
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}
