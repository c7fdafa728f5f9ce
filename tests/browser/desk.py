"""An analyst at the desk: one browser page on a running lab, with the few things a person does there."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}
NOT_STARTED = "[ ]:"
# An error and a warning on stderr carry the same type in JupyterLab; neither belongs in front of an analyst.
ERRORS = '[data-mime-type="application/vnd.jupyter.stderr"]'
BROKEN = ("Error displaying widget", "Javascript Error", "Error creating widget")


class Desk:
    """`page` is Playwright's; `outside` holds every request that wanted to leave this machine (all blocked)."""

    def __init__(self, browser: Browser, url: str, pictures: Path) -> None:
        self.url = url
        self.pictures = pictures
        self.outside: list[str] = []
        self.script_errors: list[str] = []
        self.context = browser.new_context(viewport={"width": 1440, "height": 1000}, service_workers="block")
        self.context.route("**/*", self._only_loopback)
        self.page: Page = self.context.new_page()
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.on("pageerror", lambda error: self.script_errors.append(str(error)))
        self.page.set_default_timeout(30_000)

    def open(self, notebook: str) -> None:
        """Open a notebook and wait until its kernel is ready."""
        address, _, query = self.url.partition("?")
        base = address.split("/lab")[0]
        # A workspace of its own: the usual one would bring back what the desk before had open.
        self.page.goto(f"{base}/lab/workspaces/{uuid4().hex}/tree/{notebook}?{query}")
        self.page.locator(".jp-NotebookPanel:visible .jp-Notebook").wait_for(timeout=60_000)
        self.wait_until_idle()

    def run_all(self, seconds: float = 120) -> None:
        """Run ▸ Run All Cells, and wait until the last has ended (or one has failed)."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        prompts = self.notebook.locator(".jp-CodeCell .jp-InputPrompt")
        expect(prompts.first).not_to_have_text(NOT_STARTED, timeout=seconds * 1000)
        expect(prompts.filter(has_text="[*]")).to_have_count(0, timeout=seconds * 1000)
        self.wait_until_idle(seconds)

    def wait_until_idle(self, seconds: float = 60) -> None:
        # The status bar names the kernel only once there is one: before that, Run All is silently lost.
        status = self.page.locator(".jp-StatusBar-GroupItem, #jp-main-statusbar").get_by_text("(ipykernel) | Idle")
        status.first.wait_for(timeout=seconds * 1000)

    @property
    def notebook(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:visible .jp-Notebook")

    @property
    def outputs(self) -> Locator:
        return self.notebook.locator(".jp-Cell-outputArea")

    def prompts(self) -> list[str]:
        """The numbers beside the code cells: `[1]:` once run, `[ ]:` if not."""
        return self.notebook.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()

    def errors(self) -> list[str]:
        """What a person would see as an error: tracebacks, warnings on stderr, widgets that did not draw."""
        seen = self.notebook.locator(ERRORS).all_inner_texts()
        text = self.outputs.all_inner_texts()
        return seen + [f"{mark}: {part[:300]}" for part in text for mark in BROKEN if mark in part] + self.script_errors

    def click(self, button: str) -> None:
        """Click the button with exactly this text inside an output."""
        self.outputs.get_by_role("button", name=button, exact=True).click()

    def run_new_cell(self, code: str) -> None:
        """Below the last cell a new one with this code, run; it may still be running afterwards."""
        cells = self.notebook.locator(".jp-Cell")
        cells.last.scroll_into_view_if_needed()
        cells.last.locator(".jp-InputArea-prompt, .jp-InputPrompt").first.click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")

    def choose_file(self, button: str, name: str, content: bytes) -> None:
        """Click an upload button and choose a file in the dialog that opens."""
        with self.page.expect_file_chooser() as dialog:
            self.outputs.get_by_role("button", name=button).click()
        dialog.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content})

    def screenshot(self, name: str) -> Path:
        """A picture of the whole notebook, however long, as `NAME.png` in the pictures folder."""
        size = self.page.viewport_size or {"width": 1440, "height": 1000}
        self.page.set_viewport_size({"width": size["width"], "height": 6000})
        self.page.wait_for_timeout(300)
        self.notebook.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
        last = self.notebook.locator(".jp-Cell").last.bounding_box() or {"y": 900, "height": 0}
        height = int(last["y"] + last["height"]) + 60
        self.page.set_viewport_size({"width": size["width"], "height": min(max(height, 700), 6000)})
        self.page.wait_for_timeout(400)
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{name}.png"
        self.page.screenshot(path=path)
        self.page.set_viewport_size(size)
        return path

    def save(self) -> None:
        """File ▸ Save Notebook; returns when the server has it."""
        with self.page.expect_response(lambda r: r.request.method == "PUT" and "/api/contents/" in r.url) as saved:
            self.page.keyboard.press("Control+s")
        assert saved.value.ok

    def shut_kernels_down(self) -> None:
        """As when the analyst comes back the next day: the notebooks are saved, their kernels are gone."""
        self.page.evaluate(
            "async () => { const base = location.origin + '/api/kernels';"
            " const xsrf = {'X-XSRFToken': (document.cookie.match(/_xsrf=([^;]+)/) || ['', ''])[1]};"
            " for (const {id} of await (await fetch(base)).json())"
            " await fetch(`${base}/${id}`, {method: 'DELETE', headers: xsrf}) }"
        )

    def keep_widget_state(self) -> None:
        """Settings ▸ Save Widget State Automatically, which the lab has switched off."""
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text("Save Widget State Automatically", exact=True).click()

    def dark_theme(self) -> None:
        """Settings ▸ Theme ▸ JupyterLab Dark."""
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text("JupyterLab Dark", exact=True).click()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")

    def leave(self) -> None:
        self.context.close()

    def _only_loopback(self, route: Route, request: Request) -> None:
        if self._note(request.url):
            route.abort()
        else:
            route.continue_()

    def _note(self, url: str) -> bool:
        parts = urlsplit(url)
        leaves = parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in LOOPBACK
        if leaves:
            self.outside.append(url)
        return leaves


def pictures_folder(scratch: Path) -> Path:
    """Where screenshots go: the folder named by TOOLKIT_SCREENSHOTS, else a scratch one."""
    return Path(os.environ.get("TOOLKIT_SCREENSHOTS") or scratch)
