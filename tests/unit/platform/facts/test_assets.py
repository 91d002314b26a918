"""Which files a page names, and whether users get the built bytes."""

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.platform.facts.assets import Asset, compare_assets, parse_asset_paths, parse_digests
from tests.unit.shop_environment import shop

PAGE = """<script type="module" src="/assets/index-4f2c.js"></script>
<link rel="stylesheet" href='/assets/index-9a.css'><script src="/assets/index-4f2c.js"></script>
<img src="https://elsewhere.example/assets/x.png"><script src="/assets/../../etc/passwd"></script>"""


def test_each_asset_is_named_once_and_only_from_the_assets_folder() -> None:
    assert parse_asset_paths(PAGE) == ["/assets/index-4f2c.js", "/assets/index-9a.css"]


def test_digests_of_missing_files_are_left_out() -> None:
    assert parse_digests("aa  /html/index.html\nbb */html/b.js\n") == {"/html/index.html": "aa", "/html/b.js": "bb"}


def test_a_file_that_was_not_served_is_not_the_same() -> None:
    assert not Asset("/a", 0, None, None).same
    assert Asset("/a", 1, "d", "d").same


def test_a_page_that_the_application_makes_itself_has_no_built_files_to_ask_for() -> None:
    assert compare_assets(shop(), "").fetch(ScriptedConnections()) is None
