"""What an analyst does on the timeline: zoom in and out, select a stretch and read its events, open it again later."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk
from tests.lab_process import LabProcess

pytestmark = pytest.mark.browser
CODE = re.compile(r"\b[A-Z]{2}-\d\d\b")
SIGN_INS = 8  # the row of that lane, from the top


@pytest.fixture
def timeline(desk: Desk) -> Desk:
    desk.open("2-timeline.ipynb")
    desk.run_all()
    return desk


def drag(desk: Desk, begin: float, end: float, row: int = SIGN_INS) -> None:
    """Drag over a part of the time axis, in a row of the figure."""
    areas = desk.outputs.locator(".nsewdrag")
    areas.first.wait_for()
    placed = sorted((box["y"], number) for number, area in enumerate(areas.all()) if (box := area.bounding_box()))
    area = areas.nth(placed[row][1])
    area.scroll_into_view_if_needed()
    desk.page.wait_for_timeout(500)
    box = area.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + box["width"] * begin, middle)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] * end, middle, steps=8)
    desk.page.mouse.up()


def live(desk: Desk) -> Locator:
    """The panel without its twin, which stands hidden beside it."""
    return desk.outputs.locator(".toolkit-live")


def how_many(desk: Desk) -> int:
    said = live(desk).get_by_text(re.compile(r"[\d,]+ events?, "))
    return int(re.search(r"([\d,]+) events?, ", said.last.inner_text())[1].replace(",", ""))  # type: ignore[index]


def test_zooming_reads_the_finer_view_and_leads_back(timeline: Desk) -> None:
    whole = how_many(timeline)
    drag(timeline, 0.5, 0.6)
    expect(live(timeline).get_by_text(f"{whole:,} events")).to_have_count(0, timeout=20_000)
    expect(live(timeline).get_by_text(re.compile("each a point"))).to_be_visible()
    part = how_many(timeline)
    assert 0 < part < whole
    timeline.screenshot("2-timeline-zoomed")
    timeline.click("Show all of it")
    expect(live(timeline).get_by_text(f"{whole:,} events")).to_be_visible()
    assert timeline.errors() == []


def test_the_codes_on_the_flags_are_told_above_the_figure(timeline: Desk) -> None:
    key = live(timeline).locator(".toolkit-key")
    figure = live(timeline).locator(".js-plotly-plot")
    told = {item.split()[0] for item in key.locator("li").all_inner_texts()}
    on_flags = {code for text in figure.locator("text").all_text_contents() for code in CODE.findall(text)}
    assert on_flags
    assert on_flags <= told
    expect(key.get_by_text("Sign-in from a new country")).to_be_visible()
    key_box, figure_box = key.bounding_box(), figure.bounding_box()
    assert key_box is not None
    assert figure_box is not None
    assert key_box["y"] + key_box["height"] <= figure_box["y"]
    timeline.screenshot("2-timeline")
    figure_box = figure.bounding_box()
    # The figure must not jump under the pointer when the window changes.
    timeline.click("Around the worst finding")
    expect(live(timeline).get_by_text(re.compile("each a point"))).to_be_visible()
    assert figure.bounding_box() == figure_box
    # Panels of earlier runs stay on the kernel; a third visit to the same one was seen to fail while restoring them.
    timeline.shut_kernels_down()


def test_a_stretch_selected_in_a_lane_lists_its_events_and_their_records(timeline: Desk) -> None:
    timeline.click("Around the worst finding")
    expect(live(timeline).get_by_text(re.compile("each a point"))).to_be_visible()
    inside = how_many(timeline)
    timeline.click("list events")
    # The figure says which tool is in hand; until the kernel has answered, dragging zooms.
    expect(live(timeline).locator('.modebar-btn.active[data-val="select"]')).to_have_count(1)
    drag(timeline, 0.02, 0.98)
    table = timeline.outputs.locator(".toolkit-paged")
    where = table.locator(".toolkit-paged-where")
    expect(where).to_have_text(re.compile(r"^1–\d+ of \d+$"))
    kinds = {line.split("\t")[1] for line in table.locator("tbody tr").all_inner_texts()}
    assert kinds == {"Sign-ins"}
    alone = where.inner_text()
    timeline.click("all lanes")
    expect(where).not_to_have_text(alone)
    assert int(alone.split()[-1]) < int(where.inner_text().split()[-1]) <= inside
    table.locator("tbody tr").first.click()
    expect(table.locator(".toolkit-paged-record")).to_contain_text("{")
    timeline.screenshot("2-timeline-selected")
    assert timeline.errors() == []


def test_reopened_the_timeline_is_a_still_picture(
    timeline: Desk, lab: LabProcess, sit_down: Callable[..., Desk]
) -> None:
    timeline.save()
    timeline.shut_kernels_down()
    for trusted in (True, False):
        if not trusted:
            assert lab.folder is not None
            page = Path(lab.folder) / "notebooks" / "2-timeline.ipynb"
            # Another hand changed the file: JupyterLab no longer trusts what it shows.
            page.write_text(page.read_text("utf-8").replace("Show all of it", "Show all of it "), "utf-8")
        later = sit_down(lab)
        later.open("2-timeline.ipynb")
        twin = later.outputs.locator(".toolkit-twin")
        expect(twin).to_be_visible()
        expect(twin.get_by_text("Run the cell again for the live panel.")).to_be_visible()
        later.screenshot(f"2-timeline-reopened-{'trusted' if trusted else 'untrusted'}")
        if trusted:
            assert twin.locator("svg rect").count() > 50
        later.shut_kernels_down()
        later.leave()
