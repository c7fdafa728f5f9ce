"""Showing a password once, and asking for one: it travels as a custom message, and is never a trait, HTML, an output
or a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget

from toolkit.tenant import Secret

_ESM = """
export default {
  render({ model, el }) {
    el.classList.add("toolkit-secret");
    model.on("msg:custom", (message) => {
      if (!message || message.type !== "secret") return;
      // A newer one takes the place of the older of its kind; a password and a pass stand beside each other.
      for (const old of [...el.children]) if (old.dataset.label === message.label) old.remove();
      const box = document.createElement("div");
      box.className = "toolkit-secret-box";
      box.dataset.label = message.label;
      const about = document.createElement("div");
      about.textContent = message.label;
      const value = document.createElement("code");
      value.className = "toolkit-secret-value";
      value.textContent = message.value;
      const copy = document.createElement("button");
      copy.type = "button";
      copy.className = "toolkit-secret-copy";
      copy.textContent = "Copy";
      copy.onclick = async () => {
        try {
          await navigator.clipboard.writeText(value.textContent);
          copy.textContent = "Copied";
        } catch {
          const range = document.createRange();
          range.selectNodeContents(value);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          copy.textContent = "Selected: press Ctrl+C";
        }
      };
      const hide = document.createElement("button");
      hide.type = "button";
      hide.className = "toolkit-secret-hide";
      hide.textContent = "Hide for good";
      hide.onclick = () => { value.textContent = ""; box.remove(); };
      box.append(about, value, copy, hide);
      el.append(box);
      model.send({ type: "shown", run: message.run });
    });
    return () => el.replaceChildren();
  },
};
"""
_CSS = """
.toolkit-secret-box { border: 2px solid #009e73; border-radius: 3px; padding: 8px 12px; margin: 6px 0;
  color: var(--jp-ui-font-color1, #222); font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif); }
.toolkit-secret-value { display: inline-block; font: 16px/1.6 var(--jp-code-font-family, monospace);
  letter-spacing: .06em; user-select: all; margin: 4px 12px 4px 0; }
.toolkit-secret-box button { margin-right: 8px; padding: 3px 12px; cursor: pointer; }
"""


class SecretOnce(anywidget.AnyWidget):
    """The place in a panel where a password appears, with a button to copy it and one to hide it for good.

    `on_shown` is called with the run's id once a page really shows it. A page that is not open never does, so the
    reset it belongs to is offered again.
    """

    _esm = _ESM
    _css = _CSS

    def __init__(self, on_shown: Callable[[str], None]) -> None:
        super().__init__()
        self._on_shown = on_shown
        self.on_msg(self._heard)

    def show(self, secret: Secret, run: str, label: str) -> None:
        """Send the password to the pages that show this widget, and keep no copy of it."""
        self.send({"type": "secret", "value": secret.reveal(), "run": run, "label": label})

    def _heard(self, widget: Any, message: Any, buffers: Any) -> None:
        if isinstance(message, dict) and message.get("type") == "shown":
            self._on_shown(str(message.get("run", "")))


_ASK_ESM = """
export default {
  render({ model, el }) {
    el.classList.add("toolkit-secret-asked");
    const show = (message) => {
      el.replaceChildren();
      if (!message.question) return;
      const form = document.createElement("form");
      form.className = "toolkit-secret-box";
      const about = document.createElement("div");
      about.textContent = message.question;
      const field = document.createElement("input");
      field.type = "password";
      field.autocomplete = "off";
      field.className = "toolkit-secret-field";
      const use = document.createElement("button");
      use.type = "submit";
      use.className = "toolkit-secret-use";
      use.textContent = "Use it";
      form.onsubmit = (event) => {
        event.preventDefault();
        model.send({ type: "given", value: field.value });
        field.value = "";
        el.replaceChildren();
      };
      form.append(about, field, use);
      el.append(form);
      field.focus();
    };
    const heard = (message) => { if (message && message.type === "ask") show(message); };
    model.on("msg:custom", heard);
    model.send({ type: "ready" });
    return () => { model.off("msg:custom", heard); el.replaceChildren(); };
  },
};
"""


class SecretAsked(anywidget.AnyWidget):
    """The place in a panel where a passphrase is typed; `given` gets it, once for each question.

    The page sends it as a message and empties its field; no trait ever holds it.
    """

    _esm = _ASK_ESM
    _css = _CSS

    def __init__(self, given: Callable[[Secret], None]) -> None:
        super().__init__()
        self._given = given
        self.question = ""
        self.on_msg(self._heard)

    def ask(self, question: str) -> None:
        """Show the question on the pages that show this widget; "" takes it away."""
        self.question = question
        self.send({"type": "ask", "question": question})

    def _heard(self, widget: Any, message: Any, buffers: Any) -> None:
        kind = message.get("type") if isinstance(message, dict) else ""
        if kind == "ready" and self.question:
            self.send({"type": "ask", "question": self.question})
        elif kind == "given" and self.question:
            self.question = ""
            self._given(Secret(str(message.get("value", ""))))
