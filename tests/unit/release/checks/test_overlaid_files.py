"""Files of an image that a volume hides from users."""

from __future__ import annotations

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.overlaid_files import SEEN, volumes_hide_nothing
from runbook_lib.release.facts.overlaid_files import OverlaidFiles
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources

HIDDEN = (OverlaidFiles("web", "shop_static", "/srv/static", ("a.css", "b.js", "c.js", "d.js")),)


def test_files_that_a_volume_hides_are_a_warning_with_where_and_how_many() -> None:
    (found,) = volumes_hide_nothing(HIDDEN)
    assert (found.check, found.verdict) == (SEEN, Verdict.WARNING)
    assert found.measured == "shop_static at /srv/static of web: 4 files, a.css, b.js, c.js"


def test_what_could_not_be_compared_is_said() -> None:
    """An image without a shell was taken for one whose files the volume has."""
    (found,) = volumes_hide_nothing((*HIDDEN, OverlaidFiles("api", "0123456789" * 6, "/assets", ())))
    assert found.verdict is Verdict.WARNING
    assert found.measured.endswith(f"; {'0123456789' * 4} at /assets of api: not compared, for its image has no shell and many files there")


def test_without_them_there_is_no_finding() -> None:
    assert volumes_hide_nothing(()) == ()


def test_they_are_among_the_findings_of_the_compose_file() -> None:
    tree = ReleaseTree("v2", None, sources=Sources({}, ComposeConfig(True, "")), overlaid=HIDDEN)
    assert SEEN in [one.check for one in compose_file(tree, load_environment("staging"))]
