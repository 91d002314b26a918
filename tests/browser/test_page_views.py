"""What a user sees is what the product sees: a real Chromium on pages that are broken in one way each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from runbook_lib.connections.browser import FLAGS, Chromium, browser_program
from runbook_lib.connections.browser.devtools import DevTools
from runbook_lib.connections.browser.page import ObservedPage
from runbook_lib.core.browsing import PageReply, PageRequest, PageView
from runbook_lib.core.errors import EndpointUnavailable

URL = "https://staging.example.com"
HELLO = "<div id=root></div><script>root.innerHTML = '<h1>Squads</h1><p>41 rows</p>'</script>"
LATER = "setTimeout(() => {{ {} }}, 300)"


@dataclass
class Site:
    """Files by path, each (status, content type, text); headers of the page."""

    files: dict[str, tuple[int, str, str]]
    headers: dict[str, str]

    def __call__(self, request: PageRequest) -> PageReply:
        if request.path not in self.files:
            return PageReply(404, {"Content-Type": "text/plain"}, b"not here")
        status, kind, text = self.files[request.path]
        if status == 0:
            raise EndpointUnavailable("connection refused")
        more = self.headers if request.path == "/" else {}
        return PageReply(status, {"Content-Type": kind, **more}, text.encode())


View = Callable[..., PageView]
# how long the texts are waited for, and the page is observed then: a busy machine draws and runs scripts late
PATIENCE_S = ((1.0, 0.6), (5.0, 3.0), (30.0, 10.0))


def test_every_request_of_a_view_names_itself_so_that_no_log_counts_it_as_a_users() -> None:
    """The API calls of a page that a gate opens were users' requests in the watch that follows."""
    # it shows its text when both have asked, however long that takes
    page = ("<html><body><p id='shown'></p><script>let left = 2;"
            "function asked() { if (!--left) document.getElementById('shown').textContent = 'All asked' }"
            "fetch('/api/v1/squads').then(asked)</script><iframe src='/inner'></iframe></body></html>")
    inner = "<script>fetch('/api/v1/builds').then(() => parent.asked())</script>"
    site = Site({"/": (200, "text/html", page), "/inner": (200, "text/html", inner)}, {})
    agents: dict[str, str] = {}

    def answer(request: PageRequest) -> PageReply:
        agents[request.path] = next(value for name, value in request.headers.items() if name.lower() == "user-agent")
        return site(request)

    assert Chromium(URL).view("/", ("All asked",), timeout_s=60, settle_s=0.0, answer=answer).seconds is not None
    assert {"/", "/api/v1/squads", "/inner", "/api/v1/builds"} <= set(agents)
    assert {path for path, agent in agents.items() if "runbook-" not in agent} == set()
    assert "Mozilla/5.0" in agents["/"]  # still a browser for pages that ask which one


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    """Views pages in one process, which is most of the time that a view takes, until what is expected is seen."""
    program = browser_program()
    assert program is not None, "No Chromium on this machine: run `apt-get install chromium`, then test again."
    profile = tmp_path_factory.mktemp("profile")
    flags = (*FLAGS, f"--user-data-dir={profile}", *["--no-sandbox"] * (os.geteuid() == 0))
    with DevTools(program, flags, profile) as devtools:

        def view_in(page: str, expected: Callable[[PageView], bool], headers: dict[str, str] | None = None,
                    **files: tuple[int, str, str]) -> PageView:
            served = {"/": (200, "text/html", f"<!doctype html><title>x</title><body>{page}")}
            served |= {f"/{name.replace('__', '/')}": file for name, file in files.items()}
            for timeout_s, settle_s in PATIENCE_S:
                devtools.open_page()
                seen = ObservedPage(devtools, URL, Site(served, headers or {})).view("/", ("Squads", "41 rows"), timeout_s, settle_s)
                if expected(seen):
                    return seen
            pytest.fail(f"{seen.missing} {seen.errors} {seen.failed_requests} {seen.seconds}")

        yield view_in


def test_a_good_page_shows_its_texts_without_an_error_and_leaves_a_picture() -> None:
    page = HELLO + "<script>fetch('/me')</script><img src='https://elsewhere.example/x.png'>"
    site = Site({"/": (200, "text/html", page), "/me": (401, "application/json", "{}")}, {})
    seen = Chromium(URL).view("/", ("Squads", "41 rows"), timeout_s=60, settle_s=0.5, answer=site)
    assert (seen.missing, seen.errors, seen.failed_requests) == ((), (), ())
    assert seen.seconds is not None
    assert seen.picture.png.startswith(b"\x89PNG")
    assert str(seen.picture).startswith("a picture of")


@pytest.mark.parametrize(("page", "error"), [
    ("<script>createRoot(null)</script>", "createRoot is not defined"),
    (HELLO + f"<script>{LATER.format('undefinedName.x')}</script>", "undefinedName is not defined"),
    (HELLO + "<script>Promise.reject(new Error('no squads'))</script>", "no squads"),
    (HELLO + "<script>console.error('cannot draw')</script>", "console: cannot draw"),
], ids=["at once", "after a while", "in a promise", "caught and logged"])
def test_an_error_in_the_console_is_seen(view: View, page: str, error: str) -> None:
    view(page, lambda seen: error in " ".join(seen.errors))


@pytest.mark.parametrize("page", [
    "<div id=root></div>",
    "<h1>Squads</h1><p>Loading…</p>",
    HELLO.replace("<div id=root>", "<div id=root style='display:none'>"),
    HELLO.replace("<div id=root>", "<div id=root style='opacity:0'>"),
    HELLO + "<div style='position:fixed;inset:0;background:#fff'>Please wait</div>",
    HELLO + f"<script>{LATER.format('root.remove()')}</script>",
    HELLO + f"<script>{LATER.format('location = String()+41')}</script>",
], ids=["blank", "spinner", "hidden", "transparent", "covered", "emptied later", "sent elsewhere later"])
def test_a_text_that_no_user_can_read_is_missing(view: View, page: str) -> None:
    view(page, lambda seen: "41 rows" in seen.missing)


def test_a_page_is_observed_after_its_texts_were_shown(view: View) -> None:
    page = HELLO + f"<script>{LATER.format('root.remove()')}</script>"
    view(page, lambda seen: seen.seconds is not None and "41 rows" in seen.missing)


@pytest.mark.parametrize(("page", "file", "part"), [
    ("<script type=module src=/app.js></script>", (200, "text/plain", "root.x"), "text/plain"),
    ("<script src=/app.js></script>", (200, "text/html", "<html>"), "text/html"),
    ("<link rel=stylesheet href=/app.js>", (200, "text/html", "<html>"), "text/html"),
], ids=["a module", "a script", "a style sheet"])
def test_an_asset_of_the_wrong_type_is_seen(view: View, page: str, file: tuple[int, str, str], part: str) -> None:
    view(HELLO + page, lambda seen: f"GET /app.js: served as {part}" in seen.failed_requests,
         {"X-Content-Type-Options": "nosniff"}, **{"app.js": file})


def test_a_content_security_policy_that_blocks_the_page_is_seen(view: View) -> None:
    seen = view(HELLO, lambda seen: "Content Security Policy" in " ".join(seen.errors),
                {"Content-Security-Policy": "script-src 'self'"})
    assert seen.missing == ("Squads", "41 rows")


@pytest.mark.parametrize(("status", "reason"), [(404, "404"), (500, "500"), (0, "ERR_CONNECTION_FAILED")])
def test_a_page_that_asks_for_what_the_new_api_does_not_have_is_seen(view: View, status: int, reason: str) -> None:
    seen = view(HELLO + "<script>fetch('/api/v0/squads').catch(() => 0)</script>", lambda seen: bool(seen.failed_requests),
                api__v0__squads=(status, "text/plain", ""))
    assert len(seen.failed_requests) == 1
    assert seen.failed_requests[0].startswith("GET /api/v0/squads: ")
    assert reason in seen.failed_requests[0]


def test_a_dialog_does_not_hold_the_page_up(view: View) -> None:
    view("<script>alert('hello')</script>" + HELLO, lambda seen: seen.missing == ())
