"""What the service says about putting a control right: HTML of others, here as plain text."""

from __future__ import annotations

import html
import re

import nh3

LONGEST = 20_000  # characters of HTML that are looked at
_BREAKS = re.compile(r"<\s*(?:br|/p|/li|/div|/tr|/h\d)\b[^>]*>", re.IGNORECASE)
_ITEMS = re.compile(r"<\s*li\b[^>]*>", re.IGNORECASE)
CUT = " … (cut)"


def text_without_markup(markup: str) -> str:
    """The words alone, paragraphs and list items on lines of their own; what is too long is cut and says so."""
    part = markup[:LONGEST]
    lined = _ITEMS.sub("– ", _BREAKS.sub("\n", part.replace("\n", " ")))
    words = html.unescape(nh3.clean(lined, tags=set(), clean_content_tags={"script", "style"}))
    lines = [" ".join(line.split()) for line in words.splitlines()]
    text = "\n".join(line for line in lines if line and line != "–")
    return text + CUT if len(markup) > LONGEST else text
