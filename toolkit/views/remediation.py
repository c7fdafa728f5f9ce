"""What Secure Score says about putting a control right: a service's HTML, made safe to show."""

from __future__ import annotations

import nh3

from toolkit.harden.ranking import link_of
from toolkit.harden.remediation import LONGEST

TAGS = {"a", "b", "br", "code", "div", "em", "i", "li", "ol", "p", "pre", "span", "strong", "ul"}
CUT = '<p class="toolkit-quiet">… the rest is cut.</p>'


def remediation_html(markup: str) -> str:
    """The text with its paragraphs, lists and links; links lead to https pages of Microsoft or are no links.

    No style, class, script, picture or form is left. What is longer than `LONGEST` characters is cut.
    """
    if not markup.strip():
        return ""
    clean = nh3.clean(
        markup[:LONGEST],
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}},
        attribute_filter=_only_links_to_microsoft,
        url_schemes={"https"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return clean + (CUT if len(markup) > LONGEST else "")


def _only_links_to_microsoft(tag: str, name: str, value: str) -> str | None:
    return (link_of(value) or None) if name == "href" else value
