"""One page as it loads: what it shows, what it asks for, and what goes wrong on it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from runbook_lib.connections.browser.devtools import DevTools, Message
from runbook_lib.core.browsing import Answer, PageReply, PageRequest, PageView, Picture
from runbook_lib.core.errors import RunbookError
from runbook_lib.environment.traffic import OURS

LOOK_EVERY_S = 0.2
MOST, LONGEST = 20, 300  # entries kept of each kind, characters of each
NOT_LOGGED_IN = (401, 403)  # a page may ask who its user is
DATA = ("XHR", "Fetch")
AGENT = OURS + "page"
ICON = "/favicon.ico"  # asked for by the browser itself
# The texts that no user can see: not there, hidden, transparent, without an area, or covered by something else.
HIDDEN = """
(texts) => {
  const squash = (text) => (text ?? "").replace(/\\s+/g, " ");
  const seen = (one) => {
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) return false;
    one.scrollIntoView({block: "center", behavior: "instant"});
    const box = one.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) return false;
    const top = document.elementFromPoint(box.x + Math.min(box.width / 2, 40), box.y + box.height / 2);
    return top !== null && (one.contains(top) || top.contains(one));
  };
  return texts.filter((text) => {
    const holds = (one) => squash(one?.innerText).includes(text);
    if (!holds(document.body)) return true;
    const holders = [...document.querySelectorAll("body, body *")].filter(holds);
    const deepest = holders.filter((one) => !holders.some((other) => other !== one && one.contains(other)));
    return !deepest.some(seen);
  });
}
"""


# what a browser refuses to use, or uses as something else
TYPES = {"Script": ("javascript", "ecmascript", "json", "wasm"), "Stylesheet": ("css",),
         "Image": ("image/", "octet-stream")}


def _wrong_type(kind: str, mime_type: str) -> str:
    """The type that an asset has and should not have; empty when it is one that fits."""
    fitting = TYPES.get(kind)
    return mime_type if fitting and mime_type and not any(one in mime_type for one in fitting) else ""


NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"


class ObservedPage:
    """One view of one page in `devtools`; requests to `url` are answered by `answer` where there is one."""

    def __init__(self, devtools: DevTools, url: str, answer: Answer | None) -> None:
        self._devtools, self._url, self._answer = devtools, url, answer
        self._errors: list[str] = []
        self._failed: list[str] = []
        self._network_changed = False
        self._asked: dict[str, tuple[str, str]] = {}  # method and address by the browser's own number
        self._handlers: dict[str, Callable[[Message], None]] = {
            "Network.requestWillBeSent": self._on_request,
            "Network.responseReceived": self._on_response,
            "Network.loadingFailed": self._on_failure,
            "Runtime.exceptionThrown": self._on_exception,
            "Runtime.consoleAPICalled": self._on_console,
            "Log.entryAdded": self._on_log,
            "Page.javascriptDialogOpening": self._on_dialog,
            "Inspector.targetCrashed": lambda event: self._note(self._errors, "the page crashed"),
            "Fetch.requestPaused": self._on_paused,
        }

    def view(self, path: str, texts: tuple[str, ...], timeout_s: float, settle_s: float) -> PageView:
        """Open the page and observe it; at the end the texts must still be visible."""
        devtools = self._devtools
        devtools.on_event = self._on_event
        program = devtools.call("Browser.getVersion")
        version = str(program.get("product", "a browser"))
        for domain in ("Page", "Runtime", "Log", "Network", "Inspector"):
            devtools.call(f"{domain}.enable")
        devtools.call("Network.setBypassServiceWorker", bypass=True)
        # a page calls the API as its users do, and a watch must not take these calls for theirs
        devtools.call("Network.setUserAgentOverride", userAgent=f"{program.get('userAgent', '')} {AGENT}".lstrip())
        if self._answer is not None:
            devtools.call("Fetch.enable", patterns=[{"urlPattern": "*"}])
        for again in (True, False):
            self._errors, self._failed, self._network_changed = [], [], False
            began = time.monotonic()
            devtools.send("Page.navigate", url=self._url + path)
            seconds = self._wait_for(texts, began, timeout_s)
            # a page may fall over after it was shown: a late error takes its texts away
            devtools.pump(settle_s)
            # it gives up requests where an interface of this machine comes or goes, as with each container
            if not (again and self._network_changed):
                break
        missing = self._hidden(texts)
        return PageView(path, version, missing, tuple(self._errors), tuple(self._failed), seconds,
                        picture=self._picture())

    def _on_event(self, method: str, event: Message) -> None:
        handler = self._handlers.get(method)
        if handler is not None:
            handler(event)

    def _wait_for(self, texts: tuple[str, ...], began: float, timeout_s: float) -> float | None:
        while True:
            self._devtools.pump(LOOK_EVERY_S)
            if not self._hidden(texts):
                return time.monotonic() - began
            if time.monotonic() - began > timeout_s:
                return None

    def _hidden(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        result = self._devtools.call("Runtime.evaluate", expression=f"({HIDDEN})({json.dumps(texts)})",
                                     returnByValue=True)
        found = (result.get("result") or {}).get("value")
        # no value: the page is just being replaced by another, or has no body yet
        return tuple(map(str, found)) if isinstance(found, list) else texts or ("",)

    def _picture(self) -> Picture:
        shot = self._devtools.call("Page.captureScreenshot", format="png")
        return Picture(base64.b64decode(shot.get("data", "")))

    def _note(self, notes: list[str], text: str) -> None:
        words = " ".join(text.split())[:LONGEST]
        if len(notes) < MOST and words not in notes:
            notes.append(words)

    def _on_request(self, event: Message) -> None:
        asked = event["request"]
        self._asked[event["requestId"]] = (str(asked["method"]), str(asked["url"]))

    def _on_response(self, event: Message) -> None:
        status, kind = int(event["response"]["status"]), event.get("type")
        tolerated = kind in DATA and status in NOT_LOGGED_IN
        if status >= 400 and not tolerated:
            self._failed_request(event["requestId"], str(status))
        elif status == 200 and (wrong := _wrong_type(str(kind), str(event["response"].get("mimeType", "")))):
            self._failed_request(event["requestId"], f"served as {wrong}")

    def _on_failure(self, event: Message) -> None:
        if not event.get("canceled"):  # the page itself gave it up
            reason = event.get("blockedReason") or (event.get("corsErrorStatus") or {}).get("corsError")
            self._network_changed = self._network_changed or event.get("errorText") == NETWORK_CHANGED
            self._failed_request(event["requestId"], str(reason or event.get("errorText")))

    def _failed_request(self, number: str, reason: str) -> None:
        method, address = self._asked.get(number, ("", ""))
        path = address.removeprefix(self._url)
        # what other hosts serve is not this release's, and may be out of reach from here alone
        if path != address and path != ICON:
            self._note(self._failed, f"{method} {path[:200]}: {reason}")

    def _on_exception(self, event: Message) -> None:
        details = event["exceptionDetails"]
        text = (details.get("exception") or {}).get("description") or details.get("text") or "an exception"
        self._note(self._errors, f"uncaught: {text}")

    def _on_console(self, event: Message) -> None:
        if event.get("type") in ("error", "assert"):
            words = (str(one.get("value") or one.get("description") or "") for one in event.get("args") or ())
            self._note(self._errors, f"console: {' '.join(words)}")

    def _on_log(self, event: Message) -> None:
        entry = event["entry"]
        # a request that failed is counted as such, and only when it was to the environment
        if entry.get("level") == "error" and not (entry.get("source") == "network" and entry.get("networkRequestId")):
            self._note(self._errors, f"{entry.get('source')}: {entry.get('text')}")

    def _on_dialog(self, event: Message) -> None:
        self._devtools.send("Page.handleJavaScriptDialog", accept=False)  # it would hold the page up

    def _on_paused(self, event: Message) -> None:
        asked, number = event["request"], event["requestId"]
        path = str(asked["url"]).removeprefix(self._url)
        if self._answer is None or path == asked["url"]:
            self._devtools.send("Fetch.failRequest", requestId=number, errorReason="BlockedByClient")
            return
        headers = {str(name): str(value) for name, value in (asked.get("headers") or {}).items()}
        request = PageRequest(str(asked["method"]), path or "/", headers, asked.get("postData"))
        try:
            self._fulfil(number, self._answer(request))
        except RunbookError:
            self._devtools.send("Fetch.failRequest", requestId=number, errorReason="ConnectionFailed")

    def _fulfil(self, number: str, reply: PageReply) -> None:
        headers: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in reply.headers.items()]
        self._devtools.send("Fetch.fulfillRequest", requestId=number, responseCode=reply.status,
                            responseHeaders=headers, body=base64.b64encode(reply.body).decode())
