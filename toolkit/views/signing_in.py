"""Signing in from a notebook: one row of widgets that every panel shares, with cancel; tokens stay in the kernel.

Whoever signed in in one panel of a notebook is signed in in all panels of it. Nothing is signed in by running a cell.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from weakref import WeakSet

import ipywidgets as w

from toolkit.case import Case
from toolkit.errors import SignInFailed, ToolkitError, UsageError
from toolkit.tenant import CLOUDS, PracticeTokenSource, Secret, Tenant, TokenSource, connect, sign_in
from toolkit.tenant.clouds import PRACTICE, practice_cloud
from toolkit.tenant.local_browser import browser_is_elsewhere
from toolkit.tenant.person import PersonTokenSource
from toolkit.tenant.ways import DeviceCodeMessage
from toolkit.views.containment_work import Desk, Emit, Event
from toolkit.views.look import box, page
from toolkit.views.practice_tenant import started_where_none_runs
from toolkit.views.preflight import about_html, device_code_html
from toolkit.views.secret import SecretAsked

WAYS = (
    ("Browser on this computer", "browser"),
    ("Device code, entered on any device", "device-code"),
    ("An application's certificate", "certificate"),
    ("An application's secret, from the environment", "secret"),
    ("Tokens from the environment", "token"),
)
APPS = ("certificate", "secret")
BY_PERSON = ("browser", "device-code")
PUBLIC, OWN = "id; empty: Microsoft's public ones", "id of your application"
KEEP = "Keep the sign-in for the next time, encrypted by this computer"
FOR_OPTIONS = {
    "sign in with `--sign-in device-code`": "choose “Device code” under Way",
    "`--sign-in browser`": "“Browser” under Way",
    "name it with `--tenant`, and the app with `--client-id`": "name it under Tenant, and the app under Application",
    "check `--client-id` and `--tenant`": "check Application and Tenant",
    "check `--tenant` and `--cloud`": "check Tenant and Cloud",
    "with `--client-id`": "under Application",
    "with `--containment-client-id`": "under To contain",
    "`--certificate`": "“An application's certificate” under Way",
}
"""What an error says of the command line, as it stands in this row."""
SIGNED_OUT = "Signed out: the tokens are forgotten, those that were kept on this computer too."
FIRST = "Sign in first: the row “Sign in” stands above."
PRACTISED = "The practice tenant entered the code by itself; in a real tenant you would have done it on its page."
# Who is signed in to which case's tenant, in this kernel's memory and nowhere else.
_signed: dict[str, tuple[TokenSource, str]] = {}
_rows: WeakSet[SignIn] = WeakSet()


class SignIn:
    """The row: cloud, way, tenant, application, Sign in, Cancel, and what a person has to read. `widget` shows it.

    `changed` is called by the updater when somebody has signed in or out. With `ask` a practice case has the row too,
    and is signed in to by a click; else its tenant is connected to without a question. `tokens` are used for a practice
    case.
    """

    def __init__(
        self,
        case: Case,
        changed: Callable[[], None] = lambda: None,
        *,
        ask: bool = False,
        tokens: TokenSource | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.case = case
        self._changed, self._sleep, self._tokens = changed, sleep, tokens
        self._asks = ask or not case.practice
        self._waiting: TokenSource | None = None
        self._code: DeviceCodeMessage | None = None
        self._answers: queue.SimpleQueue[Secret] = queue.SimpleQueue()
        self.desk = Desk(self._update)
        self._make()
        _rows.add(self)
        self._show()

    def _make(self) -> None:
        style = {"description_width": "110px"}
        self.cloud = w.Dropdown(
            options=[(cloud.title, name) for name, cloud in CLOUDS.items()],
            description="Cloud", layout=_wide(), style=style,
        )  # fmt: skip
        way = "device-code" if browser_is_elsewhere(os.environ) else "browser"
        self.way = w.Dropdown(options=WAYS, value=way, description="Way", layout=_wide(), style=style)
        self.named = w.Text(placeholder="domain, e.g. contoso.com", description="Tenant", layout=_wide(), style=style)
        self.client = w.Text(placeholder=PUBLIC, description="Application", layout=_wide(), style=style)
        self.containment = w.Text(
            placeholder="id; for containment, if it is another", description="To contain", layout=_wide(), style=style
        )
        self.certificate = w.Text(
            placeholder="file with key, PEM or PFX", description="Certificate", layout=_wide(), style=style
        )
        self.keep = w.Checkbox(value=False, description=KEEP, indent=False, layout=w.Layout(width="max-content"))
        for field, name in (
            (self.way, "way"), (self.client, "application"), (self.certificate, "certificate"), (self.keep, "keep"),
        ):  # fmt: skip
            field.add_class(f"sign-in-{name}")
        self.secret = SecretAsked(self._answers.put)
        self.start = _button("Sign in", "sign-in-start", self.begin, "primary")
        self.cancel = _button("Cancel", "sign-in-cancel", self.give_up)
        self.out = _button("Sign out", "sign-in-out", self.leave)
        self.about, self.message = w.HTML(), w.HTML()
        self.message.add_class("sign-in-message")
        choices = [
            w.HBox([self.cloud, self.way]), w.HBox([self.named, self.client]), self.containment, self.certificate,
            self.keep,
        ]  # fmt: skip
        self._choices = w.VBox(choices, layout=w.Layout(display="none" if self.case.practice else None))
        self._buttons = w.HBox([self.start, self.cancel])
        self._asking = w.VBox([self._choices, self.about, self._buttons])
        shown = None if self._asks else "none"
        self.widget = w.VBox([self._asking, self.secret, self.message, self.out], layout=w.Layout(display=shown))
        self.widget.add_class("sign-in")
        for choice in (self.cloud, self.way, self.named, self.client, self.containment, self.certificate):
            choice.observe(lambda _change: self._describe(), "value")
        self._describe()

    @property
    def ready(self) -> bool:
        """Whether a tenant can be asked now without asking a person first."""
        return str(self.case.folder) in _signed or not self._asks

    def tenant(self) -> Tenant:
        """A new connection with the tokens of who signed in. For worker threads.

        Raises:
            UsageError: nobody signed in yet.
            SignInFailed, PracticeError, TenantUnreachable: the tokens do not work any more.
        """
        if started_where_none_runs(self.case):
            _signed.pop(str(self.case.folder), None)  # with the one that was killed
        if str(self.case.folder) in _signed:
            tokens, cloud = _signed[str(self.case.folder)]
            return connect(self.case, tokens, cloud, sleep=self._sleep)
        if self._asks:
            raise UsageError(FIRST)
        return connect(self.case, self._tokens, sleep=self._sleep)

    @property
    def options(self) -> dict[str, object]:
        """What was chosen, by the names of `toolkit.collect.signed.OPTIONS`; {} for the practice tenant."""
        if self.case.practice:
            return {}
        file = self._file() if self.way.value == "certificate" else ""
        return {
            "cloud": self.cloud.value, "way": self.way.value, "tenant_name": self.named.value.strip(),
            "client_id": self.client.value.strip(), "containment_client_id": self._to_contain(), "certificate": file,
        }  # fmt: skip

    def begin(self) -> None:
        """Sign in as chosen; what the person has to do appears in the row."""
        try:
            make = self._source()
        except ToolkitError as error:
            self.desk.put("problem", str(error))
            return

        def job(emit: Emit) -> None:
            source, cloud = make()
            self._waiting, self._code = source, None
            emit("told", "Waiting for the sign-in …")
            try:
                tenant = connect(self.case, source, cloud, sleep=self._sleep)
            finally:
                self._waiting = None
                emit("asked", "")
            _signed[str(self.case.folder)] = source, cloud
            tenant.close()
            without = _exchange_too(source)
            self._tell_all("signed", self._code)
            if without:
                emit("problem", without)

        self.desk.start(job)

    def give_up(self) -> None:
        """End a sign-in that waits."""
        waiting = self._waiting
        self._answers.put(Secret(""))  # what is asked for is not given
        if waiting is not None:
            # Telling may wait for an answer that is under way.
            threading.Thread(target=waiting.cancel, daemon=True, name="cancelling").start()

    def asked_no_more(self) -> None:
        """What a person had to do for one more sign-in is over: the row says again who is signed in."""
        self.desk.put("asked_no_more", None)

    def leave(self) -> None:
        """Sign out: forget the tokens, for all panels of this kernel. A sign-in that waits for more ends too."""
        tokens, _ = _signed.pop(str(self.case.folder), (None, ""))
        if tokens is not None:
            threading.Thread(target=_forget, args=(tokens,), daemon=True, name="signing out").start()
        self._tell_all("left", None)

    def _tell_all(self, kind: str, value: object) -> None:
        for row in list(_rows):
            if row.case.folder == self.case.folder:
                row.desk.put(kind, value if row is self else None)

    def _source(self) -> Callable[[], tuple[TokenSource, str]]:
        """What makes the source of tokens, in the worker; choices that cannot be are told at once."""
        if self.case.practice:

            def practised() -> tuple[TokenSource, str]:
                started_where_none_runs(self.case)
                return PracticeTokenSource(practice_cloud(self.case.folder), self._prompt), PRACTICE

            return practised
        source, cloud = self._chosen(keep=bool(self.keep.value) and self.way.value in BY_PERSON), str(self.cloud.value)
        return lambda: (source, cloud)

    def _to_contain(self) -> str:
        """The second application's id; an app on its own is one alone."""
        return str(self.containment.value).strip() if self.way.value in BY_PERSON else ""

    def _file(self) -> str:
        return str(self.certificate.value).strip().strip("\"'")

    def _chosen(self, *, keep: bool = False) -> TokenSource:
        file = self._file()
        if self.way.value == "certificate" and not file:
            raise UsageError("Name the certificate's file.")
        return sign_in(
            str(self.cloud.value),
            way=str(self.way.value),
            tenant=self.named.value.strip(),
            client_id=self.client.value.strip(),
            containment_client_id=self._to_contain(),
            certificate=Path(file).expanduser() if self.way.value == "certificate" else None,
            prompt=self._prompt,
            asking=self._asked,
            keep=keep,
        )

    def _asked(self, question: str) -> Secret:
        """What the person types at a question, in the worker's thread; empty where it was cancelled."""
        while not self._answers.empty():
            self._answers.get()
        self.desk.put("asked", question)
        return self._answers.get()

    def _prompt(self, text: str) -> None:
        if isinstance(text, DeviceCodeMessage):
            self._code = text
            self.desk.put("code", text)
        else:
            self.desk.put("told", text)

    # The updater: the only place from which widgets change.

    def _update(self, event: Event) -> None:
        getattr(self, f"_on_{event.kind}")(event.value)

    def _on_busy(self, nothing: None) -> None:
        self._show()

    def _on_problem(self, text: str) -> None:
        self.message.value = page(box(in_the_row(text), "error"))

    def _on_asked(self, question: str) -> None:
        self.secret.ask(question)

    def _on_told(self, text: str) -> None:
        self.message.value = page(f'<p class="toolkit-quiet">{escape(text)}</p>')

    def _on_code(self, message: DeviceCodeMessage) -> None:
        self.message.value = page(device_code_html(message))

    def _on_signed(self, code: DeviceCodeMessage | None) -> None:
        self._show()
        self.message.value = page(_signed_html(self.case, code))
        self._changed()

    def _on_asked_no_more(self, nothing: None) -> None:
        if str(self.case.folder) in _signed:
            self.message.value = page(_signed_html(self.case, None))

    def _on_left(self, nothing: None) -> None:
        self.message.value = page(f'<p class="toolkit-quiet">{SIGNED_OUT}</p>')
        self._show()
        self._changed()

    def _show(self) -> None:
        busy = self.desk.busy
        self.start.disabled, self.cancel.disabled = busy, not busy
        done = str(self.case.folder) in _signed
        self._asking.layout.display = "none" if done else None
        self.out.layout.display = None if done else "none"
        if done and not self.message.value:
            self.message.value = page(_signed_html(self.case, None))

    def _describe(self) -> None:
        way = str(self.way.value)
        for field, ways in (
            (self.named, (*BY_PERSON, *APPS)), (self.client, (*BY_PERSON, *APPS)),
            (self.certificate, ("certificate",)), (self.keep, BY_PERSON), (self.containment, BY_PERSON),
        ):  # fmt: skip
            field.layout.display = None if way in ways else "none"
        self.client.placeholder = OWN if way in APPS else PUBLIC
        if self.case.practice:
            self.about.value = ""
            return
        try:
            self.about.value = page(about_html(self._chosen()))
        except ToolkitError as error:
            self.about.value = page(box(in_the_row(str(error)), "note"))


def in_the_row(text: str) -> str:
    """An error's text with the row's fields in place of the command line's options."""
    for option, field in FOR_OPTIONS.items():
        text = text.replace(option, field)
    return text


def _exchange_too(source: TokenSource) -> str:
    """Ask for the sign-in to Exchange now, not in the middle of a reading; why it cannot be had, "" if it can."""
    if not isinstance(source, PersonTokenSource):
        return ""
    missing = source.ready_for(["exchange"]).get("exchange", "")
    return f"You are signed in. {missing} Nothing in a mailbox can be read or changed." if missing else ""


def _forget(tokens: TokenSource) -> None:
    tokens.cancel()  # else a sign-in that waits for more would be waited for
    tokens.sign_out()


def _signed_html(case: Case, code: DeviceCodeMessage | None) -> str:
    tokens, cloud = _signed[str(case.folder)]
    try:
        who = tokens.operator.user_principal_name
    except SignInFailed as error:
        return box(str(error), "error")
    where = "the practice tenant" if cloud == PRACTICE else CLOUDS[cloud].title
    entered = f" with the code {code.user_code}. {PRACTISED}" if code is not None and cloud == PRACTICE else "."
    return box(f"Signed in to {where} as {who}{entered}", "done")


def _wide() -> w.Layout:
    """A layout for one field: what hides that field hides no other."""
    return w.Layout(width="420px")


def _button(label: str, name: str, click: Callable[[], None], style: str = "") -> w.Button:
    button = w.Button(description=label, button_style=style, layout=w.Layout(width="max-content", min_width="72px"))
    button.add_class(name)
    button.on_click(lambda _button: click())
    return button
