"""What of a browser's reports counts. What a real Chromium reports is tested in tests/browser/test_page_views.py."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from runbook_lib.connections.browser import page
from runbook_lib.connections.browser.page import ObservedPage
from runbook_lib.core.browsing import PageReply, PageRequest, PageView
from runbook_lib.core.errors import EndpointUnavailable

URL = "https://staging.example.com"


class FakeDevTools:
    """Reports its events once, when the page is opened."""

    def __init__(self, *events: tuple[str, dict[str, Any]], hidden: list[str] | None = None) -> None:
        self.events, self.hidden, self.sent = list(events), hidden or [], list[tuple[str, dict[str, Any]]]()
        self.on_event: Callable[[str, dict[str, Any]], None] = lambda method, event: None

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        png = base64.b64encode(b"\x89PNG").decode()
        replies: dict[str, dict[str, Any]] = {
            "Browser.getVersion": {"product": "Fake/1"}, "Page.captureScreenshot": {"data": png},
            "Runtime.evaluate": {"result": {"value": self.hidden}}}
        return replies.get(method, {})

    def send(self, method: str, **parameters: Any) -> int:
        self.sent.append((method, parameters))
        return 0

    def pump(self, seconds: float) -> None:
        while self.events:
            self.on_event(*self.events.pop(0))


def view(devtools: FakeDevTools, answer: Any = None) -> PageView:
    observed: Any = ObservedPage
    seen: PageView = observed(devtools, URL, answer).view("/", ("Log in",), 0.0, 0.0)
    return seen


def asked(number: str, path: str, host: str = URL) -> tuple[str, dict[str, Any]]:
    return "Network.requestWillBeSent", {"requestId": number, "request": {"method": "GET", "url": host + path}}


def answered(number: str, status: int, kind: str = "Fetch", mime: str = "application/json") -> tuple[str, dict[str, Any]]:
    return "Network.responseReceived", {"requestId": number, "type": kind,
                                        "response": {"status": status, "mimeType": mime}}


@pytest.mark.parametrize(("status", "kind", "mime", "failed"), [
    (200, "Fetch", "application/json", ()),
    (401, "Fetch", "application/json", ()),
    (403, "XHR", "application/json", ()),
    (404, "Fetch", "application/json", ("GET /x: 404",)),
    (401, "Script", "text/javascript", ("GET /x: 401",)),
    (200, "Script", "text/html", ("GET /x: served as text/html",)),
    (304, "Script", "", ()),
    (200, "Document", "text/html", ()),
])
def test_which_replies_count_as_failed(status: int, kind: str, mime: str, failed: tuple[str, ...]) -> None:
    seen = view(FakeDevTools(asked("1", "/x"), answered("1", status, kind, mime)))
    assert seen.failed_requests == failed


def test_other_hosts_and_the_browsers_own_icon_do_not_count() -> None:
    seen = view(FakeDevTools(asked("1", "/x.js", "https://cdn.example"), answered("1", 500), asked("2", "/favicon.ico"),
                             answered("2", 404)))
    assert seen.failed_requests == ()


def test_a_request_that_the_page_gave_up_is_not_one_that_failed() -> None:
    canceled = ("Network.loadingFailed", {"requestId": "1", "canceled": True, "errorText": "net::ERR_ABORTED"})
    refused = ("Network.loadingFailed", {"requestId": "2", "errorText": "net::ERR_CONNECTION_REFUSED"})
    seen = view(FakeDevTools(asked("1", "/a"), canceled, asked("2", "/b"), refused))
    assert seen.failed_requests == ("GET /b: net::ERR_CONNECTION_REFUSED",)


@pytest.mark.parametrize(("times", "failed"), [(1, ()), (2, ("GET /a.css: net::ERR_NETWORK_CHANGED",))])
def test_a_page_is_loaded_once_more_where_the_network_of_this_machine_has_changed(times: int, failed: tuple[str, ...]) -> None:
    class Changing(FakeDevTools):
        def send(self, method: str, **parameters: Any) -> int:
            super().send(method, **parameters)
            if [one for one, _ in self.sent].count("Page.navigate") <= times:
                self.events += [asked("1", "/a.css"), ("Network.loadingFailed", {"requestId": "1", "errorText": "net::ERR_NETWORK_CHANGED"})]
            return 0

    devtools = Changing()
    assert view(devtools).failed_requests == failed
    assert [one for one, _ in devtools.sent].count("Page.navigate") == 2


def test_a_failed_request_is_not_a_console_error_too() -> None:
    entry = {"level": "error", "source": "network", "text": "Failed to load", "networkRequestId": "1"}
    warning = {"level": "warning", "source": "security", "text": "mixed"}
    blocked = {"level": "error", "source": "security", "text": "Refused to run"}
    seen = view(FakeDevTools(*(("Log.entryAdded", {"entry": one}) for one in (entry, warning, blocked))))
    assert seen.errors == ("security: Refused to run",)


def test_errors_are_bounded_in_number_and_length() -> None:
    many = [("Runtime.consoleAPICalled", {"type": "error", "args": [{"value": f"{n} " + "x" * 5000}]}) for n in range(99)]
    seen = view(FakeDevTools(*many))
    assert len(seen.errors) == page.MOST
    assert max(map(len, seen.errors)) == page.LONGEST


def test_a_crashed_page_is_an_error_and_a_dialog_is_dismissed() -> None:
    devtools = FakeDevTools(("Inspector.targetCrashed", {}), ("Page.javascriptDialogOpening", {}))
    assert view(devtools).errors == ("the page crashed",)
    assert ("Page.handleJavaScriptDialog", {"accept": False}) in devtools.sent


def test_a_page_without_a_value_yet_shows_nothing() -> None:
    devtools = FakeDevTools()
    devtools.hidden = None  # type: ignore[assignment]
    assert view(devtools).missing == ("Log in",)
    assert view(FakeDevTools()).missing == ()


def test_a_request_that_nobody_answers_fails_and_one_to_another_host_is_blocked() -> None:
    def answer(request: PageRequest) -> PageReply:
        if request.path == "/gone":
            raise EndpointUnavailable("no reply")
        return PageReply(200, {"A": "b"}, b"hello")

    def paused(number: str, url: str) -> tuple[str, dict[str, Any]]:
        return "Fetch.requestPaused", {"requestId": number, "request": {"method": "GET", "url": url}}

    devtools = FakeDevTools(paused("1", URL + "/gone"), paused("2", URL + "/"), paused("3", "https://cdn.example/"))
    view(devtools, answer)
    sent = {parameters["requestId"]: (method, parameters) for method, parameters in devtools.sent
            if method.startswith("Fetch.")}
    assert sent["1"][1]["errorReason"] == "ConnectionFailed"
    assert sent["2"] == ("Fetch.fulfillRequest", {"requestId": "2", "responseCode": 200, "body": "aGVsbG8=",
                                                  "responseHeaders": [{"name": "A", "value": "b"}]})
    assert sent["3"][1]["errorReason"] == "BlockedByClient"
