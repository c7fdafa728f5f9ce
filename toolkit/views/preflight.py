"""Before the first call: through which application one signs in, the code to enter, and what will be refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from html import escape

from toolkit.detect.words import plural
from toolkit.tenant import Preflight, TokenSource
from toolkit.tenant.clouds import RESOURCES
from toolkit.tenant.permissions import permissions_frame
from toolkit.tenant.preflight import LACKING, NOT_STARTED, PARTLY, REFUSED, UNKNOWN, WORKS, Check, TokenFacts
from toolkit.tenant.ways import DeviceCodeMessage
from toolkit.views.look import as_text, box, figures, html_table

HEADINGS = {"what": "What", "answer": "Expect", "why": "Why"}
NEEDED = {
    "kind": "For", "what": "What", "delegated": "A person signs in with", "app_only": "An app on its own",
    "role": "Directory role, one of", "licence": "Licence", "note": "Note",
}  # fmt: skip
ANSWERS = (WORKS, PARTLY, REFUSED, LACKING, NOT_STARTED, UNKNOWN)
KINDS = {"source": "Evidence", "state": "State of accounts and organisation", "action": "Actions"}


def about_html(source: TokenSource) -> str:
    """Through which application the person signs in, what it asks for and who has to consent."""
    return box(source.about, title="Before you sign in")


def device_code_html(message: DeviceCodeMessage) -> str:
    """The code to enter and the page where it goes; the page is a link only if it is one of https."""
    page = escape(message.page)
    link = f'<a href="{page}" target="_blank" rel="noopener noreferrer">{page}</a>'
    where = link if message.page.startswith("https://") else page
    return (
        f'<div class="toolkit-box" style="border-left-color:#0072b2"><b>Sign in</b><br>Open {where} and enter the code '
        f"<code>{escape(message.user_code)}</code>. Enter it only if you began this sign-in yourself.</div>"
    )


def preflight_html(
    result: Preflight, zone: tzinfo = UTC, zone_name: str = "UTC", asked: Sequence[Check] | None = None
) -> str:
    """What will not work first, each line with its reason; what will work folded away; times in `zone`.

    The tiles count the checks of what is going to be `asked`, or those of all sources and states.
    """
    frame = result.frame()
    reading = [check for check in result.checks if check.kind != "action"] if asked is None else asked
    parts = [_tokens(result.tokens.values(), zone, zone_name), figures(counted(reading))]
    for kind, title in KINDS.items():
        rows = frame[frame.kind == kind]
        hindered = rows[rows.answer != WORKS]
        working = rows[rows.answer == WORKS]
        parts.append(f"<h3>{escape(title)}</h3>")
        if len(hindered):
            parts.append(html_table(hindered, headings=HEADINGS))
        if len(working):
            pairs = zip(working.what.map(str), working.why.map(str), strict=True)
            names = "; ".join(f"{what} ({why})" if why else what for what, why in pairs)
            fold = f"<summary>{len(working)} of {len(rows)} will work</summary><p>{escape(names)}</p>"
            parts.append(f"<details>{fold}</details>")
    parts.append(
        '<p class="toolkit-quiet">This goes by the tokens, the roles they name and a few harmless reads. '
        "A service can still refuse: such a line becomes an entry in the ledger, and the rest goes on.</p>"
    )
    return "".join(parts)


def needs_html() -> str:
    """The whole table of what each source and action needs, folded: permissions, role, licence."""
    frame = permissions_frame()
    frame["kind"] = frame["kind"].map(KINDS)
    return (
        "<details><summary>What each source and action needs: permission, directory role, licence</summary>"
        f"{html_table(frame, headings=NEEDED)}</details>"
    )


def counted(checks: Sequence[Check]) -> list[tuple[str, int]]:
    """How many checks have which answer; answers that none has are left out."""
    numbers = Counter(check.answer for check in checks)
    return [(answer, numbers[answer]) for answer in ANSWERS if numbers[answer]]


def in_short(checks: Sequence[Check]) -> str:
    """One sentence on sources and states: how many will work, and what is to be expected of the others."""
    numbers = dict(counted(checks))
    works = numbers.pop(WORKS, 0)
    others = "".join(f"; {number} {answer}" for answer, number in numbers.items())
    return f"Before the first call: {works} of {len(checks)} sources and states will work{others}"


def _tokens(tokens: Iterable[TokenFacts], zone: tzinfo, zone_name: str) -> str:
    return "".join(f"<p><b>{escape(_named(t))}</b>: {escape(_told(t, zone, zone_name))}</p>" for t in tokens)


def _named(token: TokenFacts) -> str:
    name = RESOURCES[token.resource]
    return name[0].upper() + name[1:]


def _told(token: TokenFacts, zone: tzinfo, zone_name: str) -> str:
    if token.problem:
        return token.problem
    who = "an app on its own" if token.app_only else "a person"
    roles = "" if token.roles is None else f"; directory roles: {', '.join(token.roles) or 'none that is known here'}"
    time = f"{as_text(token.expires, zone=zone)} {zone_name}" if token.expires else ""
    until = f"; the token is good until {time}" if time else ""
    return f"{token.who or who} ({who}); {plural(len(token.permissions), 'permission')}{roles}{until}"
