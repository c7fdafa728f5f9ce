"""A person signs in with the real MSAL, over TLS, to the practice tenant: by device code and in a browser."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from html import unescape
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit

import msal
import pytest
import requests
from msal.exceptions import MsalServiceError

from tests.practice.analyst import Clock
from tests.tenant.signing import CLIENT_ID, by_code, in_thread, own_clients, place_of
from toolkit.errors import NotConsented, NothingSent, SignInFailed, UsageError
from toolkit.practice import PracticeTenant
from toolkit.practice.login import APPROVES, DECLINES, WAITS
from toolkit.tenant import PracticeTokenSource
from toolkit.tenant.clients import Clients, clients_of
from toolkit.tenant.gate import Call
from toolkit.tenant.msal_client import ask, forget_refusals, settings
from toolkit.tenant.permissions import delegated_permissions
from toolkit.tenant.session import Session
from toolkit.tenant.tokens import asking_nobody, claims_of
from toolkit.tenant.ways import Browser, DeviceCode, DeviceCodeMessage


def asked(service: PracticeTenant, what: str = "token") -> int:
    """How many requests of a kind the sign-in service saw."""
    return sum(line["path"].endswith(f"/oauth2/v2.0/{what}") for line in service.requests())


# Device code


def test_a_code_is_shown_and_once_approved_the_person_is_signed_in(service: PracticeTenant) -> None:
    shown: list[DeviceCodeMessage] = []
    source = by_code(service, shown.append)
    assert source.operator.user_principal_name == "jonas.reuter@contoso.com"
    (message,) = shown
    assert message.user_code in message
    assert message.page.startswith("https://")
    assert message.page in message


def test_a_code_that_is_not_entered_yet_is_waited_for(service: PracticeTenant) -> None:
    service.login.behaviour = WAITS
    source = by_code(service)
    thread, raised = in_thread(lambda: source.token("graph"))
    while asked(service) < 2:
        time.sleep(0.05)
    service.login.behaviour = "approves"
    thread.join(timeout=20)
    assert raised == []
    assert asked(service, "devicecode") == 1
    assert source.operator.tenant_id == place_of(service).tenant_id


def test_a_declined_sign_in_is_one_sentence(service: PracticeTenant) -> None:
    service.login.behaviour = DECLINES
    with pytest.raises(SignInFailed, match=r"^The sign-in was declined on the page: sign in again .*\.$"):
        by_code(service).token("graph")


def test_a_code_that_ran_out_says_what_to_do(service: PracticeTenant, clock: Clock) -> None:
    service.login.behaviour = WAITS

    def too_late(_: DeviceCodeMessage) -> None:
        clock.seconds += 16 * 60

    with pytest.raises(SignInFailed, match="The code ran out before it was entered") as caught:
        by_code(service, too_late).token("graph")
    assert "AADSTS70020" in str(caught.value)


def test_waiting_for_a_code_can_be_cancelled_and_nobody_else_is_asked_then(service: PracticeTenant) -> None:
    service.login.behaviour = WAITS
    source = by_code(service)
    thread, raised = in_thread(lambda: source.token("graph"))
    while asked(service) < 1:
        time.sleep(0.05)
    source.cancel()
    thread.join(timeout=60)  # the code itself would be waited for a quarter of an hour
    assert not thread.is_alive()
    assert [str(error) for error in raised] == ["The sign-in was cancelled; nobody is signed in."]
    with pytest.raises(SignInFailed, match="cancelled"):
        source.token("exchange")
    assert asked(service, "devicecode") == 1
    source.again()
    service.login.behaviour = "approves"
    assert source.token("graph")


def test_the_practice_tenants_own_source_is_the_same_road(service: PracticeTenant) -> None:
    shown: list[str] = []
    source = PracticeTokenSource(place_of(service), shown.append)
    assert claims_of(source.token("exchange"))["scp"] == "Exchange.Manage"
    assert claims_of(source.token("graph"))["aud"].endswith("/graph")
    assert len(shown) == 1


# Refresh, expiry, challenges


def test_one_code_serves_every_service_and_a_token_is_kept_until_it_is_renewed(
    service: PracticeTenant, clock: Clock
) -> None:
    source = by_code(service)
    first = source.token("graph")
    assert source.token("graph") == first
    assert claims_of(source.token("exchange"))["aud"] == place_of(service).exchange
    assert claims_of(source.token("management"))["aud"] == place_of(service).management
    clock.seconds += 1
    assert source.token("graph", refresh=True) != first
    assert (asked(service, "devicecode"), asked(service)) == (1, 4)


def test_permissions_asked_for_by_name_are_not_fetched_anew_at_each_call(service: PracticeTenant) -> None:
    source = by_code(service, clients=clients_of())
    first = source.token("graph")
    assert [source.token("graph") for _ in range(3)] == [first] * 3
    assert asked(service) == 1


def test_a_token_that_ran_out_in_the_middle_is_renewed_and_the_call_repeated(
    service: PracticeTenant, clock: Clock
) -> None:
    source = by_code(service)
    session = Session(place_of(service), source, clock=service.clock.now, sleep=lambda _: None)
    call = Call("GET", f"{place_of(service).graph}/v1.0/users?$top=1")
    assert session.read(call).status == 200
    clock.seconds += 80 * 60
    assert session.read(call).status == 200
    assert [line["status"] for line in service.requests() if line["kind"] == "read"] == [200, 401, 200]
    assert asked(service, "devicecode") == 1
    session.close()


def test_a_claims_challenge_is_passed_on_once_and_answered(service: PracticeTenant) -> None:
    source = by_code(service)
    session = Session(place_of(service), source, clock=service.clock.now, sleep=lambda _: None)
    call = Call("GET", f"{place_of(service).graph}/v1.0/users?$top=1")
    session.read(call)
    service.challenge_next("GET /v1.0/users")
    assert session.read(call).status == 200
    with_challenge = [text for text in service.login.claims if "1758204000" in text]
    assert len(with_challenge) == 1
    # Every request tells that we understand such challenges, so tokens live long and can be revoked.
    assert all('"CP1"' in text for text in service.login.claims)
    assert claims_of(source.token("graph"))["xms_cc"] == ["CP1"]
    session.close()


def test_a_person_whose_sessions_were_ended_is_asked_again(service: PracticeTenant) -> None:
    source = by_code(service)
    source.token("graph")
    service.login.forget_people()
    assert source.token("graph", refresh=True)
    assert asked(service, "devicecode") == 2


def test_msal_replays_a_refusal_for_a_minute_and_our_source_does_not(service: PracticeTenant) -> None:
    place, cache = place_of(service), {}
    app = msal.PublicClientApplication(own_clients().evidence, **settings(place, place.tenant_id, cache))
    app.acquire_token_by_device_flow(app.initiate_device_flow(scopes=[place.scope("graph")]))
    account, scopes = app.get_accounts()[0], [place.scope("graph")]

    def renew() -> Any:
        return app.acquire_token_silent_with_error(scopes, account=account, force_refresh=True)

    before = asked(service)
    service.login.refuse_next(65001)
    assert renew()["error_codes"] == [65001]
    # Consent has been given meanwhile, but MSAL does not ask again.
    assert renew()["error_codes"] == [65001]
    assert asked(service) == before + 1
    forget_refusals(cache)
    assert "access_token" in renew()
    assert asked(service) == before + 2

    source = by_code(service)
    source.token("graph")
    devices = asked(service, "devicecode")
    service.login.refuse_next(65001)
    service.login.refuse_next(65001)  # the code that is tried after it is refused too
    with pytest.raises(SignInFailed, match="AADSTS65001"):
        source.token("graph", refresh=True)
    assert source.token("graph", refresh=True)
    assert asked(service, "devicecode") == devices + 1


# What is asked for


def test_reading_is_asked_for_first_and_changing_only_when_containment_begins(service: PracticeTenant) -> None:
    shown: list[str] = []
    source = by_code(service, shown.append, clients=clients_of())
    reading = set(claims_of(source.token("graph"))["scp"].split())
    assert reading
    assert not [name for name in reading if "Write" in name or "AccessAsUser" in name]
    source.widen("containment")
    assert "User.RevokeSessions.All" in claims_of(source.token("graph"))["scp"]
    assert set(claims_of(source.token("graph"))["scp"].split()) <= set(delegated_permissions("graph", "containment"))
    source.widen("evidence")  # is no way back: what was granted stays granted
    assert "User.RevokeSessions.All" in claims_of(source.token("graph"))["scp"]
    assert len(shown) == 1
    with pytest.raises(UsageError, match="no purpose"):
        source.widen("everything")


def test_to_register_an_application_only_that_is_asked_for_besides_reading(service: PracticeTenant) -> None:
    source = by_code(service, clients=clients_of())
    reading = set(claims_of(source.token("graph"))["scp"].split())
    source.widen("registration")
    more = set(claims_of(source.token("graph"))["scp"].split()) - reading
    assert more == {
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
    }
    source.widen("containment")
    assert "User.RevokeSessions.All" in claims_of(source.token("graph"))["scp"]
    source.widen("registration")  # is no way back either
    assert "User.RevokeSessions.All" in claims_of(source.token("graph"))["scp"]


def test_when_containment_is_not_consented_reading_goes_on(service: PracticeTenant) -> None:
    service.login.consented = frozenset(delegated_permissions("graph"))
    source = by_code(service, clients=clients_of())
    before = source.token("graph")
    with pytest.raises(SignInFailed, match=r"an administrator has to, once; .*app instructions.*AADSTS65001"):
        source.widen("containment")
    assert source.token("graph") == before


def test_an_own_second_application_is_used_for_containment(service: PracticeTenant) -> None:
    graph_tools = clients_of().evidence
    clients = Clients(own_clients().evidence, graph_tools, graph_tools, registered=True)
    source = by_code(service, clients=clients)
    assert claims_of(source.token("graph"))["appid"] == own_clients().evidence
    source.widen("containment")
    assert claims_of(source.token("graph"))["appid"] == graph_tools


def test_every_service_is_signed_in_to_as_the_same_person(service: PracticeTenant) -> None:
    source = by_code(service, clients=clients_of())
    assert source.operator.user_principal_name == "jonas.reuter@contoso.com"
    service.login.person = "victim"
    with pytest.raises(SignInFailed, match=r"another service as katrin\.vogel@contoso\.com"):
        source.token("exchange")
    service.login.person = "operator"
    assert source.token("exchange")
    source.sign_out()
    service.login.person = "victim"
    with pytest.raises(SignInFailed, match="You have signed out"):  # what still runs signs nobody in anew
        source.token("graph")
    source.again()
    assert source.operator.user_principal_name == "katrin.vogel@contoso.com"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (50076, "Multi-factor authentication is needed"),
        (50079, "set up multi-factor authentication first"),
        (53003, "Many organisations block device codes: sign in in a browser on a computer of your own"),
        (65001, "Nobody has consented"),
        (700016, "There is no application"),
        (90002, "There is no tenant"),
    ],
)
def test_each_refusal_is_one_sentence_that_says_what_to_do(service: PracticeTenant, number: int, says: str) -> None:
    service.login.refuse_next(number, "Trace ID: 1\r\nCorrelation ID: 2")
    with pytest.raises(SignInFailed, match=says) as caught:
        by_code(service).token("graph")
    assert str(caught.value).endswith(f"(AADSTS{number}).")
    assert "Trace" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refusal_that_is_not_known_is_told_in_the_services_own_words_on_one_line(service: PracticeTenant) -> None:
    service.login.refuse_next(90019, "No tenant-\x1b[31midentifying information.\r\nTrace ID: 1")
    with pytest.raises(SignInFailed, match=r"AADSTS90019: No tenant- \[31midentifying information\.$"):
        by_code(service).token("graph")


def test_a_tenant_that_does_not_exist_is_told_as_such(service: PracticeTenant) -> None:
    source = by_code(service)
    source._tenant = "fabrikam.example"
    with pytest.raises(SignInFailed, match=r"There is no tenant fabrikam\.example in this cloud"):
        source.token("graph")


def test_a_sign_in_service_that_is_gone_is_told_without_a_traceback(service: PracticeTenant) -> None:
    source = by_code(service)
    service.stop()
    with pytest.raises(NothingSent, match="does not answer; is the practice tenant running") as caught:
        source.token("graph")
    assert caught.value.__context__ is None


def test_a_sign_in_service_that_answers_with_an_error_of_its_own_is_told_without_a_traceback(
    service: PracticeTenant,
) -> None:
    def broken() -> None:
        raise MsalServiceError("HTTP Error: 503", error=None, error_description=None)

    with pytest.raises(NothingSent, match=r"cannot answer now; try again later\.$") as caught:
        ask(place_of(service), broken)
    assert caught.value.__context__ is None


# Browser


class Visitor(webbrowser.BaseBrowser):
    """A browser that follows the pages without a person, as a script in the page would."""

    def __init__(self, ca_file: str, change: Callable[[dict[str, str]], dict[str, str]] = lambda form: form) -> None:
        super().__init__("visitor")
        self.ca_file, self.change = ca_file, change

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        # A browser shows its page and returns at once.
        threading.Thread(target=self._follow, args=(url,), daemon=True).start()
        return True

    def _follow(self, url: str) -> None:
        page = requests.get(url, verify=self.ca_file, timeout=60).text
        form = re.search(r'action="([^"]+)"', page)
        assert form is not None
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
        body = urlencode(self.change({name: unescape(value) for name, value in fields.items()})).encode()
        with suppress(HTTPError), urllib.request.urlopen(unescape(form[1]), body, timeout=60) as answer:
            answer.read()


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch, service: PracticeTenant) -> Callable[..., None]:
    monkeypatch.setenv("NO_PROXY", "*")

    def use(**how: Any) -> None:
        browser = Visitor(str(service.ca_file), **how)
        monkeypatch.setattr(webbrowser, "open", browser.open)

    return use


def test_a_browser_on_this_computer_signs_the_person_in(service: PracticeTenant, visit: Callable[..., None]) -> None:
    visit()
    source = by_code(service, way=Browser(seconds=20))
    assert source.operator.user_principal_name == "jonas.reuter@contoso.com"
    assert asked(service, "authorize") == 1
    assert source.token("exchange")
    assert asked(service, "authorize") == 1


def test_declining_in_the_browser_is_one_sentence(service: PracticeTenant, visit: Callable[..., None]) -> None:
    visit()
    service.login.behaviour = DECLINES
    with pytest.raises(SignInFailed, match="declined on the page"):
        by_code(service, way=Browser(seconds=20)).token("graph")


def test_an_answer_that_was_not_asked_for_is_not_taken(service: PracticeTenant, visit: Callable[..., None]) -> None:
    visit(change=lambda form: form | {"state": "of somebody else"})
    with pytest.raises(SignInFailed, match="Nobody finished the sign-in in the browser"):
        by_code(service, way=Browser(seconds=2)).token("graph")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A browser in which nobody does anything; the addresses that were opened in it."""
    opened: list[str] = []
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))
    return opened


def opened_in(page: list[str]) -> str:
    """The loopback address to which the page in the browser will send its answer."""
    while not page:
        time.sleep(0.02)
    return parse_qs(urlsplit(page[-1]).query)["redirect_uri"][0]


def test_a_browser_that_waits_is_cancelled_at_once_and_nobody_listens_any_more(
    service: PracticeTenant, page: list[str], visit: Callable[..., None]
) -> None:
    source = by_code(service, way=Browser(seconds=600))
    thread, raised = in_thread(lambda: source.token("graph"))
    address = opened_in(page)
    assert requests.get(address, timeout=60).status_code == 400  # it listens
    source.cancel()
    thread.join(30)
    assert not thread.is_alive()
    assert str(raised[0]) == "The sign-in was cancelled; nobody is signed in."
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=60)
    with pytest.raises(SignInFailed, match="cancelled"):
        source.token("graph")
    # And anew.
    source.again()
    visit()
    assert source.operator.user_principal_name == "jonas.reuter@contoso.com"


def test_connections_that_a_browser_never_uses_keep_nobody_waiting(service: PracticeTenant, page: list[str]) -> None:
    source = by_code(service, way=Browser(seconds=60))
    thread, _ = in_thread(lambda: source.token("graph"))
    port = urlsplit(opened_in(page)).port
    assert port
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        Visitor(str(service.ca_file)).open(page[0])
        thread.join(8)
    assert not thread.is_alive()
    assert source.operator.user_principal_name == "jonas.reuter@contoso.com"


@pytest.mark.parametrize(
    "form", [{}, {"code": "x"}, {"code": "x", "state": ""}, {"state": "y", "error": "e"}, {"code": "x" * 70_000}]
)
def test_what_belongs_to_no_sign_in_is_turned_away(
    service: PracticeTenant, page: list[str], form: dict[str, str]
) -> None:
    source = by_code(service, way=Browser(seconds=60))
    thread, _ = in_thread(lambda: source.token("graph"))
    address = opened_in(page)
    with suppress(requests.ConnectionError):  # it may close before a long one was sent
        assert requests.post(address, data=form, timeout=60).status_code == 400
    assert thread.is_alive()
    source.cancel()
    thread.join(5)
    assert asked(service) == 0


def test_ctrl_c_in_a_terminal_ends_a_sign_in_that_waits(service: PracticeTenant) -> None:
    script = (
        "import sys; from pathlib import Path; from toolkit.tenant.clients import clients_of; "
        "from toolkit.tenant.clouds import practice_cloud; "
        "from toolkit.tenant.person import PersonTokenSource; from toolkit.tenant.ways import Browser; "
        f"place = practice_cloud(Path({str(service.folder.parent)!r})); "
        f"source = PersonTokenSource(place, clients_of({CLIENT_ID!r}), Browser(print), tenant=place.tenant_id); "
        "source.token('graph')"
    )
    told = subprocess.Popen(
        [sys.executable, "-u", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"BROWSER": "false"},
    )  # fmt: skip
    assert told.stdout is not None
    assert "Open this address on this computer" in told.stdout.readline()
    told.send_signal(signal.SIGINT)
    _, errors = told.communicate(timeout=60)  # the browser would be waited for five minutes
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_where_no_browser_starts_the_address_is_given_to_open_by_hand(
    service: PracticeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda *_: False)
    shown: list[str] = []
    with pytest.raises(SignInFailed, match="Nobody finished"):
        by_code(service, way=Browser(shown.append, seconds=2)).token("graph")
    assert re.match(r"No browser could be started\. Open this address on this computer: https://127", shown[0])


# While a person is waited for


class Slow:
    """A person who takes their time: signs in by code once `go` is set."""

    name = "device code"

    def __init__(self) -> None:
        self.go, self.begun, self.times = threading.Event(), threading.Event(), 0
        self._code = DeviceCode()

    def sign_in(self, app: Any, scopes: list[str], *, claims: str | None, hint: str) -> dict[str, Any]:
        self.times += 1
        self.begun.set()
        assert self.go.wait(60)
        return self._code.sign_in(app, scopes, claims=claims, hint=hint)

    def cancel(self) -> None:
        self._code.cancel()


def slow_source(service: PracticeTenant) -> tuple[Any, Slow]:
    """A person signed in to Graph through Microsoft's public clients, who has to sign in to Exchange once more."""
    way = Slow()
    way.go.set()
    source = by_code(service, clients=clients_of(), way=way)
    source.token("graph")
    way.go.clear()
    way.begun.clear()
    way.times = 0
    return source, way


def test_others_have_their_tokens_while_a_person_is_waited_for(service: PracticeTenant) -> None:
    source, way = slow_source(service)
    waiting, raised = in_thread(lambda: source.token("exchange"))
    assert way.begun.wait(20)
    had: list[str] = []
    quick, _ = in_thread(lambda: had.extend([source.token("graph"), source.token("graph", refresh=True)]))
    quick.join(20)
    assert len(had) == 2
    assert waiting.is_alive()
    assert source.quietly("graph")
    way.go.set()
    waiting.join(20)
    assert raised == []
    assert way.times == 1


def test_a_person_is_asked_once_however_many_wait_for_it(service: PracticeTenant) -> None:
    source, way = slow_source(service)
    service.login.forget_people()
    threads = [in_thread(lambda: source.token("graph", refresh=True)) for _ in range(4)]
    assert way.begun.wait(20)
    time.sleep(1)
    way.go.set()
    for thread, raised in threads:
        thread.join(30)
        assert not thread.is_alive()
        assert raised == []
    assert way.times == 1
    # A refusal is told to all who waited, and nobody is asked again for them.
    way.go.clear()
    way.begun.clear()
    way.times = 0
    service.login.behaviour = DECLINES
    threads = [in_thread(lambda: source.token("exchange")) for _ in range(4)]
    assert way.begun.wait(20)
    time.sleep(3)  # all four wait by then
    way.go.set()
    for thread, raised in threads:
        thread.join(30)
        assert "There is no sign-in to Exchange: The sign-in was declined" in str(raised[0])
    assert way.times == 1


def test_more_permissions_are_asked_for_while_reading_goes_on(service: PracticeTenant) -> None:
    source, way = slow_source(service)
    reading = source.token("graph")
    service.login.refuse_next(65001)  # to what the sign-in gives by itself
    waiting, raised = in_thread(lambda: source.widen("containment"))
    assert way.begun.wait(20)
    had: list[str] = []
    quick, _ = in_thread(lambda: had.append(source.token("graph")))
    quick.join(20)
    assert had == [reading]
    way.go.set()
    waiting.join(20)
    assert raised == []
    assert "User.RevokeSessions.All" in claims_of(source.token("graph"))["scp"]


def test_services_are_signed_in_to_beforehand_and_nobody_is_asked_after_that(service: PracticeTenant) -> None:
    source, way = slow_source(service)
    way.go.set()
    assert source.ready_for(["graph", "exchange"]) == {}
    assert way.times == 1
    with asking_nobody():
        assert source.token("exchange")
    source, way = slow_source(service)
    way.go.set()
    with (
        asking_nobody(),
        pytest.raises(NotConsented, match=r"to Exchange: nobody is asked .* Begin it anew: `collect`"),
    ):
        source.token("exchange")
    assert way.times == 0
    service.login.behaviour = DECLINES
    declined = "There is no sign-in to Exchange: The sign-in was declined on the page"
    for _ in range(2):
        assert source.ready_for(["graph", "exchange"])["exchange"].startswith(declined)
    assert way.times == 1
    with asking_nobody(), pytest.raises(NotConsented, match=declined):
        source.token("exchange")
    # Without Graph nothing goes on: for that a person is asked even then.
    service.login.behaviour = APPROVES
    service.login.forget_people()
    with asking_nobody():
        assert source.token("graph", refresh=True)
    assert way.times == 2


def test_a_sign_in_service_that_cannot_answer_now_is_no_missing_consent(service: PracticeTenant) -> None:
    source = by_code(service)
    source.token("graph")
    service.login.refuse_next(90033, "A transient error has occurred.", error="temporarily_unavailable")
    with asking_nobody(), pytest.raises(NothingSent, match="cannot answer now"):
        source.token("exchange")
    assert source.token("exchange")
