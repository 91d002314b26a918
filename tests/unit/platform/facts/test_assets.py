"""Which files a page names, and whether users get the built bytes."""

import hashlib
from pathlib import Path

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.findings import Verdict
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import load_environment
from runbook_lib.environment.release import PageFiles
from runbook_lib.platform.checks.live_release import ExpectedRelease, assets_loaded, judge_identity
from runbook_lib.platform.facts.assets import Asset, compare_assets, parse_asset_paths, parse_digests
from runbook_lib.platform.facts.idle_colour import IdleColour
from tests.unit.environment_doubles import faults_of, overlay
from tests.unit.shop_environment import shop

PAGE = """<script type="module" src="/assets/index-4f2c.js"></script>
<link rel="stylesheet" href='/assets/index-9a.css'><script src="/assets/index-4f2c.js"></script>
<img src="https://elsewhere.example/assets/x.png"><script src="/assets/../../etc/passwd"></script>"""


def test_each_asset_is_named_once_and_only_from_the_assets_folder() -> None:
    assert parse_asset_paths(PAGE, "/assets/") == ["/assets/index-4f2c.js", "/assets/index-9a.css"]


@pytest.mark.parametrize(("named", "assets", "found"), [
    ("/_next/static/chunks/app/page-1a.js", "/_next/static/", True), ("/static/js/main.js?v=12", "/static/", True),
    ("/app/assets/a.js", "/assets/", False), ("/assets/.env", "/assets/", False), ("/assets/a/../../etc/passwd", "/assets/", False),
    ("/assets/-rf", "/assets/", True), ("/assets/a b.js", "/assets/", False), ("/assets/$(id).js", "/assets/", False),
    ("/main.js", "/", True), ("//cdn.example.com/x.js", "/", False), ("/assetsXa.js", "/assets/", False), ("/a.c/x.js", "/a.c/", True),
    ("/abc/x.js", "/a.c/", False),
])
def test_files_are_those_below_the_folder_that_the_environment_names(named: str, assets: str, found: bool) -> None:
    expected = [named.partition("?")[0]] if found else []
    assert parse_asset_paths(f'<script src="{named}"></script>', assets) == expected


def test_page_folder_and_file_are_the_environments() -> None:
    staging = load_environment("staging")
    page = PageFiles(path="/app/", root="/usr/share/html", file="main.html", assets="/static/")
    served = {"GET /app/": HttpReply("", 200, {}, b'<script src="/static/a.js"></script>', 0.1), "GET /static/a.js": HttpReply("", 200, {}, b"a", 0.1)}
    answers = ScriptedConnections(replies=served, commands={"sha256sum": f"{hashlib.sha256(b'a').hexdigest()}  /usr/share/html/static/a.js\n"})
    found = compare_assets(staging.model_copy(update={"page": page}), "blue").fetch(answers)
    assert found is not None
    assert [(one.path, one.same) for one in found] == [("/main.html", False), ("/static/a.js", True)]


def test_an_application_without_a_page_is_not_applicable_in_its_own_words() -> None:
    none = load_environment("staging").model_copy(update={"page": None, "without": {"page": "it is an API alone"}})
    assert compare_assets(none, "blue").fetch(ScriptedConnections()) is None
    (one,) = assets_loaded(None, "it is an API alone")
    assert (one.verdict, one.measured) == (Verdict.NOT_APPLICABLE, "it is an API alone")
    (other,) = judge_identity(none, ExpectedRelease("c" * 40, "r1", "blue", (), "v1"))(IdleColour())
    assert (other.verdict, other.measured) == (Verdict.NOT_APPLICABLE, "it is an API alone")


def test_a_page_is_given_or_explained_never_both(tmp_path: Path) -> None:
    assert any("without.page: page is given as well" in one for one in faults_of(overlay(tmp_path, "without: {page: none}")))
    assert load_environment(overlay(tmp_path, "page: null\nwithout: {page: an API alone}")).without["page"] == "an API alone"


def test_digests_of_missing_files_are_left_out() -> None:
    assert parse_digests("aa  /html/index.html\nbb */html/b.js\n") == {"/html/index.html": "aa", "/html/b.js": "bb"}


def test_a_file_that_was_not_served_is_not_the_same() -> None:
    assert not Asset("/a", 0, None, None).same
    assert Asset("/a", 1, "d", "d").same


def test_a_page_that_the_application_makes_itself_has_no_built_files_to_ask_for() -> None:
    assert compare_assets(shop(), "").fetch(ScriptedConnections()) is None
