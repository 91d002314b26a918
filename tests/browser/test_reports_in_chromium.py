"""Reports and index, opened in a real browser."""

from __future__ import annotations

import pytest

from tests.unit.report.sample_runs import BUILDERS

WIDTHS = (360, 390, 1280)
BEYOND_THE_CARD = """[...document.querySelectorAll('section table')].filter(one => {
    const card = one.closest('section'), edge = card.getBoundingClientRect().right
    return [one, ...one.querySelectorAll('.pill')].some(part => part.getBoundingClientRect().right > edge + 0.5)
}).map(one => one.textContent.slice(0, 80))"""


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_report_opens_offline_and_asks_for_nothing_but_itself(archive, opened, name):
    page = opened(archive[1][name] / "report.html")
    assert [url for url in page.asked if not url.startswith("data:")] == [(archive[1][name] / "report.html").as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize("name", sorted(BUILDERS))
@pytest.mark.parametrize("width", WIDTHS)
def test_a_report_never_scrolls_sideways(archive, opened, name, width):
    page = opened(archive[1][name] / "report.html", viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_no_table_is_wider_than_its_card_whatever_its_cells_hold(archive, opened, name):
    page = opened(archive[1][name] / "report.html", viewport={"width": 1280, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate("document.querySelectorAll('td:not(.number):not(.bar)').forEach(one => one.append('x'.repeat(200)))")
    assert page.evaluate(BEYOND_THE_CARD) == []


def test_hostile_content_stays_text(archive, opened):
    page = opened(archive[1]["hostile"] / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.dialogs == []
    assert page.evaluate("document.querySelectorAll('script, iframe, object, embed, form, base').length") == 0
    assert page.evaluate("[...document.images].every(one => one.src.startsWith('data:image/'))")
    assert page.evaluate("[...document.querySelectorAll('*')].every(one => "
                         "one.getAttributeNames().every(name => !name.startsWith('on')))")
    assert page.evaluate("[...document.links].every(one => one.protocol === 'file:')")
    text = page.inner_text("body")
    assert '<script>alert("x")</script>' in text
    assert "hunter2" not in page.content()


def test_every_chart_is_drawn_and_has_words(archive, opened):
    page = opened(archive[1]["verified_with_warning"] / "report.html")
    images = page.evaluate("[...document.images].map(one => [one.complete && one.naturalWidth, one.alt])")
    assert len(images) == 2
    assert all(width > 300 and "limit" in alt for width, alt in images)


def test_the_failing_step_comes_before_the_steps_that_passed(archive, opened):
    page = opened(archive[1]["failed_and_rolled_back"] / "report.html")
    headings = page.eval_on_selector_all("h2", "found => found.map(one => one.textContent)")
    assert headings[0] == "Verify the new release before switching traffic: failed"
    assert headings.index("Steps") > 0
    assert "Next step" in page.inner_text(".problem")
    assert "connection refused" in page.inner_text(".problem pre")


def test_text_is_readable_in_light_and_dark(archive, opened):
    """Contrast of at least 4.5 to 1 for banner, pills and soft text."""
    for scheme in ("light", "dark"):
        page = opened(archive[1]["failed_and_rolled_back"] / "report.html", color_scheme=scheme)
        assert page.evaluate(CONTRAST) >= 4.5


def test_evidence_links_lead_to_files(archive, opened):
    page = opened(archive[1]["failed_and_rolled_back"] / "report.html")
    page.click("text=evidence/gate.err.txt >> nth=0")
    assert "503" in page.inner_text("body")


def test_the_page_prints_with_its_plan_unfolded(archive, opened, tmp_path):
    page = opened(archive[1]["failed_and_rolled_back"] / "report.html")
    page.emulate_media(media="print")
    assert page.is_visible("ol.plan >> text=pg_dump")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_the_index_finds_runs_by_words_and_verdict(archive, opened):
    page = opened(archive[0] / "index.html")
    rows = page.locator("#runs tbody tr:visible")
    assert rows.count() == len(BUILDERS)
    page.fill("#words", "nightly m.keller")
    assert rows.count() == 1
    page.fill("#words", "")
    page.select_option("#verdict", label="Refused")
    assert rows.count() == 1
    assert page.complaints == []
    page.click("#runs tbody tr:visible a")
    assert "j.ito has held the lock" in page.inner_text(".problem")


def test_the_index_is_a_plain_table_without_script(archive, opened):
    page = opened(archive[0] / "index.html", java_script_enabled=False, viewport={"width": 390, "height": 800})
    assert page.locator("#runs tbody tr").count() == len(BUILDERS)
    assert not page.is_visible("#words")


def test_the_index_runs_no_script_but_its_own(archive, opened):
    page = opened(archive[0] / "index.html")
    assert page.dialogs == []
    assert page.evaluate("document.scripts.length") == 1


CONTRAST = """() => {
  const parse = text => { const found = text.match(/[\\d.]+/g).map(Number); return found.length < 4 ? [...found.slice(0, 3), 1] : found; };
  const light = rgb => { const [r, g, b] = rgb.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = node => { for (; node; node = node.parentElement) { const c = parse(getComputedStyle(node).backgroundColor); if (c[3] > .99) return c; } return [255, 255, 255, 1]; };
  return Math.min(...[...document.querySelectorAll(".banner strong, .banner p, .pill, .soft, dt, th, a, td, .sign")].map(node => {
    const a = light(parse(getComputedStyle(node).color).slice(0, 3)), b = light(ground(node).slice(0, 3));
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }));
}"""
