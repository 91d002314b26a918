"""What a client is served: every file of a page, also those of a script's own, each packed and plain."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from runbook_lib.capacity.facts.client_view import ClientView, ServedFile, later_files, named_files, view_as_client
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import Environment

URL = "https://staging.example.com"
PAGE = b"""<!doctype html><script type="module" crossorigin src="/assets/index-1.js"></script>
<link rel='modulepreload' href=/assets/react-2.js><link rel="stylesheet" href="/assets/index-3.css">
<script src="https://cdn.example.net/x.js"></script><a href="/about.html">about</a>"""
SCRIPT = b'const m=["assets/list-4.js","assets/list-4.css"];import("./list-4.js");t("config.js");u("/gone-5.js");fetch("./data.json")'


class Web:
    """A web server: path → body; packs what is longer than 40 bytes for a client that takes it."""

    def __init__(self, files: dict[str, Any], pack: bool = True) -> None:
        self.files, self.pack, self.asked = files, pack, list[tuple[str, str]]()

    def request(self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None,
                timeout_s: float = 10.0) -> HttpReply:
        wanted = (headers or {}).get("Accept-Encoding", "")
        self.asked.append((path, wanted))
        body = self.files.get(path)
        if isinstance(body, EndpointUnavailable):
            raise body
        if body is None:  # as an application with routes of its own answers: with its page
            return HttpReply(URL + path, 200, {"content-type": "text/html"}, PAGE, 0.1, len(PAGE))
        packed = self.pack and wanted == "gzip" and len(body) > 40
        reply = {"cache-control": "public, max-age=31536000", **({"content-encoding": "gzip"} if packed else {})}
        return HttpReply(URL + path, 200, reply, body, 0.1, len(gzip.compress(body)) if packed else len(body))


def viewed(environment: Environment, web: Web) -> ClientView:
    connections = ScriptedConnections()
    connections.http = web  # type: ignore[assignment]
    return view_as_client(environment).fetch(connections)


FILES = {"/": PAGE, "/assets/index-1.js": SCRIPT * 20, "/assets/react-2.js": b"r" * 900, "/assets/index-3.css": b"s{}" * 90,
         "/assets/list-4.js": b"l" * 300, "/assets/list-4.css": b"c" * 300, "/api/v1/builds?limit=25": b"{}", "/api/v1/squads?limit=25": b"{}"}


def test_a_page_is_read_with_its_files_and_with_those_that_are_loaded_later(staging: Environment) -> None:
    view = viewed(staging, Web(FILES))
    assert [(one.path, one.kind, one.first) for one in view.files if one.kind != "api"] == [
        ("/", "page", True), ("/assets/index-1.js", "script", True), ("/assets/react-2.js", "script", True),
        ("/assets/index-3.css", "style", True), ("/assets/list-4.js", "script", False), ("/assets/list-4.css", "style", False)]
    script = view.files[1]
    assert script.encoding == "gzip"
    assert script.sent_bytes is not None
    assert script.sent_bytes < script.size_bytes == script.plain_bytes
    assert view.elsewhere == ("cdn.example.net",)


def test_each_file_is_asked_for_packed_and_plain_and_each_cached_path_twice(staging: Environment) -> None:
    web = Web(FILES)
    viewed(staging, web)
    # the replies here never say that they come from the cache: a few more are asked for
    assert [wanted for path, wanted in web.asked if path == "/assets/react-2.js"] == ["gzip", "identity"]
    assert [wanted for path, wanted in web.asked if path == "/api/v1/builds?limit=25"] == ["gzip"] * 5 + ["identity"]


def test_nothing_is_packed_where_the_server_does_not(staging: Environment) -> None:
    assert {one.encoding for one in viewed(staging, Web(FILES, pack=False)).files} == {""}


def test_a_file_or_a_page_that_does_not_come_is_a_value(staging: Environment) -> None:
    web = Web(FILES | {"/assets/react-2.js": EndpointUnavailable("refused"), "/api/v1/builds?limit=25": EndpointUnavailable("slow")})
    view = viewed(staging, web)
    assert next(one for one in view.files if one.path == "/assets/react-2.js").problem == "refused"
    assert view.reads[0].problem == "slow"
    assert [path for path, _ in web.asked if path == "/api/v1/builds?limit=25"] == ["/api/v1/builds?limit=25"], "what hangs is asked once"
    gone = viewed(staging, Web({"/": EndpointUnavailable("refused")}))
    assert [(one.status, one.problem) for one in gone.files if one.kind == "page"] == [(None, "refused")]


def test_a_page_without_end_is_read_up_to_a_bound(staging: Environment) -> None:
    page = "".join(f'<script src="/assets/{number}.js"></script>' for number in range(300)).encode()
    view = viewed(staging, Web({f"/assets/{number}.js": b"x" for number in range(300)} | {"/": page}))
    assert len([one for one in view.files if one.kind == "script"]) == 40
    assert view.left_out == 260


def test_scripts_that_name_each_other_are_read_once(staging: Environment) -> None:
    files = {"/": b'<script src="/a/x.js"></script>', "/a/x.js": b'"./y.js"', "/a/y.js": b'"./x.js" "./y.js"'}
    assert [one.path for one in viewed(staging, Web(files)).files if one.kind == "script"] == ["/a/x.js", "/a/y.js"]


def test_addresses_are_resolved_against_the_page_and_the_script() -> None:
    assert named_files('<script src="app.js?v=1&amp;x=2"></script><link href="//other.example/a.css">', "/app/", URL) == (
        ["/app/app.js?v=1&x=2"], ["other.example"])
    assert list(later_files('"./b.js" "assets/c.js" "/d.js" "e.js" "../f.js"', "/static/js/a.js", "/app/", URL)) == [
        "/static/js/b.js", "/app/assets/c.js", "/d.js", "/static/f.js"]


@pytest.mark.parametrize(("header", "age"), [
    ("public, max-age=31536000, immutable", 31536000), ("no-cache", 0), ("no-store, max-age=60", 0), ("", None), ("max-age=soon", None),
    ("Max-Age=60", 60), ("max-age=99999999999999999999", None),
])
def test_how_long_a_browser_may_keep_a_file(header: str, age: int | None) -> None:
    assert ServedFile("/", "page", 200, cache_control=header).maximum_age_s == age
