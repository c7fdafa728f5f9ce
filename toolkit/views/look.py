"""How everything looks: colours, the style sheet, the PRACTICE banner, boxes and tables. All text is escaped.

JupyterLab's own colours are used through its variables, so that pages read well in its light and dark themes;
the values after the commas serve where those are missing (an exported page). Colours that mean something come
from palettes that colour-blind readers can tell apart, and never stand alone: a word says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Any

import pandas as pd

SEVERITIES = ("critical", "high", "medium", "low", "info")
SEVERITY_COLOURS: Mapping[str, str] = {
    "critical": "#882255",
    "high": "#d55e00",
    "medium": "#e69f00",
    "low": "#56b4e9",
    "info": "#999999",
}
BOX_COLOURS: Mapping[str, str] = {"note": "#0072b2", "warning": "#e69f00", "error": "#d55e00", "done": "#009e73"}

STYLE = """
.toolkit-page { color: var(--jp-ui-font-color1, #222); background: transparent; max-width: 1200px;
  font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif); }
.toolkit-page h3 { font-size: 15px; font-weight: 600; margin: 14px 0 6px; }
.toolkit-page p { margin: 4px 0; }
.toolkit-quiet { color: var(--jp-ui-font-color2, #666); }
.toolkit-practice { border: 2px solid #cc79a7; border-left-width: 10px; border-radius: 3px; padding: 6px 12px;
  margin: 4px 0 8px; }
.toolkit-practice b { letter-spacing: .08em; }
.toolkit-box { border: 1px solid var(--jp-border-color1, #bbb); border-left: 6px solid; border-radius: 3px;
  padding: 8px 12px; margin: 6px 0; }
.toolkit-scroll { overflow-x: auto; }
.toolkit-page .toolkit-table { border-collapse: collapse; margin: 4px 0; font-size: 12px; table-layout: auto; }
.toolkit-page .toolkit-table caption { text-align: left; padding: 2px 0 4px;
  color: var(--jp-ui-font-color2, #666); }
.toolkit-page .toolkit-table th { text-align: left; font-weight: 600; white-space: nowrap;
  padding: 4px 12px 4px 6px; border-bottom: 2px solid var(--jp-border-color1, #bbb); vertical-align: bottom; }
.toolkit-page .toolkit-table td { text-align: left; padding: 3px 12px 3px 6px; vertical-align: top;
  max-width: 420px; border-bottom: 1px solid var(--jp-border-color2, #ddd);
  overflow-wrap: break-word; }
.toolkit-page .toolkit-one-line td { white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
  max-width: 230px; }
.toolkit-page .toolkit-table td.number, .toolkit-page .toolkit-table th.number {
  text-align: right; font-variant-numeric: tabular-nums; }
.toolkit-page .toolkit-table td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.toolkit-page .toolkit-files th { white-space: normal; }
.toolkit-page .toolkit-files td:first-child { min-width: 280px; overflow-wrap: anywhere; }
.toolkit-page .toolkit-files td:last-child { white-space: nowrap; }
.toolkit-page .toolkit-table tr { background: transparent; }
.toolkit-severity { display: inline-block; border-left: 10px solid; padding-left: 6px; margin-right: 8px;
  min-width: 56px; white-space: nowrap; }
.toolkit-figures { display: flex; flex-wrap: wrap; gap: 10px; margin: 8px 0; }
.toolkit-figure { border: 1px solid var(--jp-border-color2, #ddd); border-radius: 4px; padding: 8px 14px;
  min-width: 110px; }
.toolkit-figure b { display: block; font-size: 20px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.toolkit-page details { border-bottom: 1px solid var(--jp-border-color2, #ddd); padding: 6px 0; }
.toolkit-page summary { cursor: pointer; }
"""


def page(*parts: str) -> str:
    """The parts as one piece of HTML with the style sheet: what a cell displays, or an exported page holds."""
    return f'<style>{STYLE}</style><div class="toolkit-page">{"".join(parts)}</div>'


def practice_banner(practice: bool = True) -> str:
    """The banner over everything that belongs to a practice case; nothing for a real one."""
    if not practice:
        return ""
    return (
        '<div class="toolkit-practice" role="note"><b>PRACTICE</b> · This case is an exercise. Its people and its'
        " tenant are invented, and what you change here changes nothing outside this computer.</div>"
    )


def box(text: str, kind: str = "note", *, title: str = "") -> str:
    """A calm box around plain text (commands in backticks); `kind` is note, warning, error or done."""
    head = f"<b>{escape(title)}</b><br>" if title else ""
    colour = BOX_COLOURS[kind]
    return f'<div class="toolkit-box" style="border-left-color:{colour}">{head}{prose(text)}</div>'


def prose(text: str) -> str:
    """Plain text, escaped; what stands between backticks is shown as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def severity(level: str) -> str:
    """A severity as a word beside its colour."""
    colour = SEVERITY_COLOURS.get(level.lower(), SEVERITY_COLOURS["info"])
    return f'<span class="toolkit-severity" style="border-left-color:{colour}">{escape(level)}</span>'


def figures(numbers: Iterable[tuple[str, Any]]) -> str:
    """A row of numbers with what each counts below it: `[("sign-ins", 1204), …]`."""
    tiles = (
        f'<div class="toolkit-figure"><b>{escape(as_text(value))}</b>{escape(label)}</div>' for label, value in numbers
    )
    return f'<div class="toolkit-figures">{"".join(tiles)}</div>'


def html_table(
    rows: pd.DataFrame,
    *,
    headings: Mapping[str, str] | None = None,
    caption: str = "",
    limit: int | None = None,
    zone: tzinfo = UTC,
    drawn: Mapping[str, Any] | None = None,
    one_line: bool = False,
) -> str:
    """`rows` as an HTML table with every value escaped.

    `headings` names and orders the columns shown (all, as they are named, without it); `limit` cuts the table
    and says how many more there are; times are shown in `zone`. `drawn` maps a column to a function that
    returns HTML for a value: it must escape what it is given. `one_line` cuts long values on the screen (all of
    a value shows when the pointer rests on it), so that many columns stay readable.
    """
    shown = {str(c): str(c) for c in rows.columns} if headings is None else dict(headings)
    part = rows if limit is None else rows.head(limit)
    kinds = {name: _kind(part[name]) for name in shown}
    head = "".join(
        f'<th class="{kinds[n]}" scope="col" data-column="{escape(n)}">{escape(label)}</th>'
        for n, label in shown.items()
    )
    body = []
    for _, row in part.iterrows():
        cells = []
        for name in shown:
            draw = (drawn or {}).get(name)
            text = escape(as_text(row[name], zone=zone))
            inner = draw(row[name]) if draw else text
            hint = f' title="{text}"' if one_line else ""
            cells.append(f'<td class="{kinds[name]}"{hint}>{inner}</td>')
        body.append(f"<tr>{''.join(cells)}</tr>")
    over = len(rows) - len(part)
    more = f'<p class="toolkit-quiet">… and {over:,} more.</p>' if over else ""
    label = f"<caption>{escape(caption)}</caption>" if caption else ""
    table = f"{label}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
    style = "toolkit-table toolkit-one-line" if one_line else "toolkit-table"
    return f'<div class="toolkit-scroll"><table class="{style}">{table}</table></div>{more}'


def as_text(value: Any, *, zone: tzinfo = UTC) -> str:
    """One value as people read it: times to the second in `zone`, whole numbers with separators, nothing as “”."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set)) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) > 0):
        return ", ".join(as_text(each, zone=zone) for each in value)
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if value.tzinfo else value.isoformat(" ")
    if isinstance(value, int) or hasattr(value, "bit_count"):
        return f"{int(value):,}"
    return str(value)


def _kind(column: pd.Series[Any]) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "text"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    return "time" if pd.api.types.is_datetime64_any_dtype(column) else "text"
