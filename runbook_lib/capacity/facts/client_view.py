"""The page, its files and the API as a client meets them: what is sent, how it is packed, and how long it may be
kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import Connections, Http, HttpReply, Question
from runbook_lib.core.text import printable
from runbook_lib.environment import Environment
from runbook_lib.environment.tuning import CachedReply

MOST_FILES = 40  # of a page; each is asked for twice
TIMEOUT_S = 10.0
AGAIN = 3
_NAMED = re.compile(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+\.(?:m?js|css)(?:\?[^"'\s>]*)?)["'\s>]""")
# what bundlers leave in a script for a part that is loaded when it is needed
_LATER = re.compile(r"""["'`]((?:\./|\.\./|/)?[\w./@~+-]{1,200}\.(?:m?js|css))["'`]""")


@dataclass(frozen=True)
class ServedFile:
    """One reply to a client that takes gzip. `size_bytes` is unpacked, `sent_bytes` what came over the network.

    `plain_bytes` came to a client that takes no gzip. `kind`: page, script, style or api. `first`: loaded before
    anything shows. `line_bytes` is the mean length of its lines. `status` None: no reply, and `problem` says why.
    """

    path: str
    kind: str
    status: int | None
    size_bytes: int = 0
    sent_bytes: int | None = None
    plain_bytes: int | None = None
    encoding: str = ""
    cache_control: str = ""
    vary: str = ""
    first: bool = True
    line_bytes: float = 0.0
    problem: str = ""

    @property
    def maximum_age_s(self) -> int | None:
        """For how many seconds a browser may keep it without asking; None where that is not said."""
        words = [one.strip().lower() for one in self.cache_control.split(",")]
        if "no-store" in words or "no-cache" in words:
            return 0
        ages = [one.partition("=")[2] for one in words if one.startswith("max-age=")]
        return int(ages[0]) if ages and ages[0].isascii() and ages[0].isdigit() and len(ages[0]) < 12 else None


@dataclass(frozen=True)
class RepeatedRead:
    """A path of the API, read twice: the header that says whether the cache had it, each time; empty for none.

    Where the second read was not from the cache it is repeated: a change of the data just then drops what was cached.
    """

    path: str
    first: str
    second: str
    problem: str = ""


@dataclass(frozen=True)
class ClientView:
    """All replies. `elsewhere`: scripts and styles of other hosts. `left_out`: files of the page that were too many.

    `at` is when the first of the API's replies came.
    """

    files: tuple[ServedFile, ...] = ()
    reads: tuple[RepeatedRead, ...] = ()
    elsewhere: tuple[str, ...] = ()
    left_out: int = 0
    at: datetime | None = None

    def of(self, *kinds: str) -> tuple[ServedFile, ...]:
        """The replies of these kinds that came with 200."""
        return tuple(one for one in self.files if one.kind in kinds and one.status == 200)


def view_as_client(environment: Environment, *, timeout_s: float = TIMEOUT_S) -> Question[ClientView]:
    """The page with all its scripts and styles, also those that are loaded later, and the API's cached replies.

    A reply that does not come is a value. Source: RFC 9110, Accept-Encoding; RFC 9111, Cache-Control.
    """

    def fetch(connections: Connections) -> ClientView:
        http, page = connections.http, environment.tuning.frontend.page
        files: list[ServedFile] = []
        elsewhere: list[str] = []
        left_out = 0
        if page is not None:
            files, elsewhere, left_out = _page(http, page, environment.public.url, timeout_s)
        reads = []
        began = datetime.now(UTC)
        for cached in environment.tuning.backend.cached:
            read, file = _cached(http, cached, timeout_s)
            reads.append(read)
            files.append(file)
        return ClientView(tuple(files), tuple(reads), tuple(elsewhere), left_out, began)

    return Question("what a client is served", fetch)


def _cached(http: Http, cached: CachedReply, timeout_s: float) -> tuple[RepeatedRead, ServedFile]:
    first = _get(http, cached.path, timeout_s)
    if isinstance(first, str):  # what hangs once is not asked again: the page is to be known all the same
        return RepeatedRead(cached.path, "", "", first), _served(cached.path, "api", first, first)
    last = _get(http, cached.path, timeout_s)
    for _ in range(AGAIN):
        if isinstance(last, str) or last.header(cached.header) == cached.hit:
            break
        last = _get(http, cached.path, timeout_s)
    problem = next((one if isinstance(one, str) else f"status {one.status}" for one in (first, last)
                    if isinstance(one, str) or one.status != 200), "")
    values = ["" if isinstance(one, str) else printable(one.header(cached.header)) for one in (first, last)]
    return (RepeatedRead(cached.path, values[0], values[1], problem),
            _served(cached.path, "api", last, _get(http, cached.path, timeout_s, packed=False)))


def _page(http: Http, page: str, url: str, timeout_s: float) -> tuple[list[ServedFile], list[str], int]:
    reply = _get(http, page, timeout_s)
    files = [_served(page, "page", reply, _get(http, page, timeout_s, packed=False))]
    if isinstance(reply, str) or reply.status != 200:
        return files, [], 0
    named, elsewhere = named_files(reply.text, page, url)
    waiting = [(path, True) for path in named]
    seen = set(named)
    while waiting and len(files) <= MOST_FILES:
        path, first = waiting.pop(0)
        found = _get(http, path, timeout_s)
        kind = "style" if urlsplit(path).path.endswith(".css") else "script"
        # a page in the place of a file that is missing: not a file of this kind, and not named by anything that is
        if not first and (isinstance(found, str) or found.status != 200 or "html" in found.header("Content-Type")):
            continue
        files.append(_served(path, kind, found, _get(http, path, timeout_s, packed=False), first=first))
        if kind == "script" and not isinstance(found, str):
            # two names may be one file: relative to the script, and to the page
            later = [one for one in dict.fromkeys(later_files(found.text, path, page, url)) if one not in seen]
            seen |= set(later)
            waiting += [(one, False) for one in later]
    return files, elsewhere, len(waiting)


def named_files(page: str, path: str, url: str) -> tuple[list[str], list[str]]:
    """Scripts and styles that a page names: paths of its own host, and addresses elsewhere; each once, in order."""
    base = urljoin(url + "/", path)
    addresses = [urljoin(base, one.replace("&amp;", "&")) for one in _NAMED.findall(page)]
    own = [_path_of(one) for one in addresses if urlsplit(one).netloc == urlsplit(url).netloc]
    other = [urlsplit(one).netloc for one in addresses if urlsplit(one).netloc != urlsplit(url).netloc]
    return list(dict.fromkeys(own)), list(dict.fromkeys(other))


def later_files(script: str, path: str, page: str, url: str) -> Iterable[str]:
    """Paths that a script names as files of its own: relative to itself with ./ or ../, else to the page."""
    for name in dict.fromkeys(_LATER.findall(script)):
        base = path if name.startswith("./") or name.startswith("../") else page
        address = urlsplit(urljoin(urljoin(url + "/", base), name))
        if "/" in name:  # a bare name is a word more often than a file
            yield address.path


def _path_of(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _get(http: Http, path: str, timeout_s: float, *, packed: bool = True) -> HttpReply | str:
    """The reply, or why there is none."""
    if any(one.isspace() or not one.isprintable() for one in path):
        return "its address has characters that none may have"
    try:
        return http.request("GET", path, headers={"Accept-Encoding": "gzip" if packed else "identity"},
                            timeout_s=timeout_s)
    except EndpointUnavailable as error:
        return error.what


def _served(path: str, kind: str, packed: HttpReply | str, plain: HttpReply | str, *, first: bool = True) -> ServedFile:
    if isinstance(packed, str):
        return ServedFile(printable(path), kind, None, first=first, problem=packed)
    size = len(packed.body)
    return ServedFile(
        printable(path), kind, packed.status, size, packed.sent_bytes,
        None if isinstance(plain, str) else plain.sent_bytes, printable(packed.header("Content-Encoding")).lower(),
        printable(packed.header("Cache-Control")), printable(packed.header("Vary")), first,
        size / (packed.body.count(b"\n") + 1))
