"""The page machinery that report, index and notebook tables share: Jinja2 with escaping, the style sheet, pictures."""

from __future__ import annotations

import base64
import functools
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbook_lib.core.text import pluralize, printable, readable_size
from runbook_lib.report.badges import badge_of
from runbook_lib.report.labels import clock, duration, moment, on_host

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
LARGEST_PICTURE = 5_000_000
SHORT_WORD = 14  # characters
# behind a sign within a name, and between the words of one in CamelCase
_PIECES = re.compile(r".{1,28}\Z|.{20}")  # of a part without a seam, as a commit
_SEAMS = re.compile(r"(?<=\w[_/.,:-])(?=\w)|(?<=[a-z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Picture:
    """An image as a data: address, and what it shows in words."""

    source: str
    alt: str


@functools.cache
def templates() -> jinja2.Environment:
    """Jinja2 that escapes everything and rejects names that do not exist."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    environment.globals["badge_of"] = badge_of
    environment.filters.update(moment=moment, clock=clock, duration=duration, bytes=readable_size, printable=printable,
                               pluralize=pluralize, breakable=breakable, prose=prose, on_host=on_host)
    return environment


def breakable(text: object) -> Markup:
    """A text, escaped, whose long words (names of files, databases, alerts) may be broken behind `_/.,:-`, and in front
    of a capital letter: else a narrow column breaks them anywhere. A commit of 40 digits has no such place, and breaks
    all the same: in a notebook it would push the columns next to it out of sight.

    One short word, as a commit or a user, is never broken: `roo t` is read as two.
    """
    from markupsafe import Markup, escape

    if re.fullmatch(rf"\S{{1,{SHORT_WORD}}}", str(text)):
        return Markup('<span class="whole">{}</span>').format(text)
    words = re.split(r"(\s+)", str(text))
    parts = (([piece for part in _SEAMS.split(word) for piece in _PIECES.findall(part)]
              if len(word) > SHORT_WORD and not word.isspace() else [word]) for word in words)
    return Markup("").join(Markup("<wbr>").join(escape(part) for part in each) for each in parts)


def prose(text: object) -> Markup:
    """A sentence, escaped and breakable as above; what stands between backticks is shown as code."""
    from markupsafe import Markup

    parts = re.split(r"`([^`\n]+)`", str(text))
    return Markup("").join(Markup("<code>{}</code>").format(breakable(part)) if place % 2 else breakable(part)
                           for place, part in enumerate(parts))


def render(template: str, **values: Any) -> str:
    """One template with these values. The style sheet is ours and holds nothing to escape."""
    from markupsafe import Markup

    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return templates().get_template(template).render(style=style, **values)


def picture_from_file(folder: Path, relative: object) -> Picture | None:
    """A chart of the run's own folder; None for anything else, so that no journal can pull in other files."""
    path = (folder / str(relative)).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file() or path.stat().st_size > LARGEST_PICTURE:
        return None
    content = path.read_bytes()
    if path.suffix == ".svg":
        return picture_from_svg(content.decode("utf-8", "replace"))
    return _picture("png", content, path.stem.replace("-", " ")) if path.suffix == ".png" else None


def picture_from_svg(text: str) -> Picture:
    """An SVG as a picture; browsers run no script and load no address inside an <img>."""
    words = [unescape(found.group(2)) for found in re.finditer(r"<(title|desc)\b[^>]*>([^<]*)</\1>", text)]
    return _picture("svg+xml", text.encode(), printable(". ".join(word for word in words[:2] if word)))


def picture_from_base64(text: str, alt: str) -> Picture | None:
    """A PNG that a notebook cell displayed; None when it is not one."""
    try:
        content = base64.b64decode(text, validate=False)
    except ValueError:
        return None
    return _picture("png", content, alt) if content.startswith(b"\x89PNG") and len(content) <= LARGEST_PICTURE else None


def _picture(kind: str, content: bytes, alt: str) -> Picture:
    return Picture(f"data:image/{kind};base64,{base64.b64encode(content).decode()}", alt)
