"""What a browser is served: compressed, kept for as long as planned, minified, in parts, and not too much at once. "
  "Pure."""

from __future__ import annotations

from runbook_lib.capacity.facts.client_view import ClientView, ServedFile
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import pluralize, readable_size
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered

_SERVED, _PACKED, _KEPT, _FRESH, _MINIFIED, _SPLIT, _LAZY, _SIZE = (
    "page and files are served", "gzip compression", "static assets are kept", "the page is asked for again",
    "assets are minified", "code splitting", "lazy loading", "size of the first load")
_MINIFIED_LINE = 120.0  # bytes of a mean line; what people write has 30, what a minifier leaves has thousands
_FOREVER = '"public, max-age=31536000, immutable"'
_SMALL = 2_000  # bytes; below that a minified file may have short lines


def delivery_is_tuned(environment: Environment, view: ClientView | Unanswered) -> tuple[Finding, ...]:
    """The plan's measures for the frontend, each seen in replies to a client."""
    names = (_SERVED, _PACKED, _KEPT, _FRESH, _MINIFIED, _SPLIT, _LAZY, _SIZE)
    if isinstance(view, Unanswered):
        return tuple(Finding(name, Verdict.INCONCLUSIVE, view.reason, "", view.next_step) for name in names)
    if environment.tuning.frontend.page is None:
        packed = (_packed(environment, view),) if view.files else ()
        return (*packed, *(not_applicable(name, "tuning.frontend.page names no page") for name in names
                           if not packed or name != _PACKED))
    served = _served(view)
    if not view.of("page"):
        return (served, *(Finding(name, Verdict.INCONCLUSIVE, "the page was not served", "", "40 Health shows why.")
                          for name in names[1:]))
    return (served, _packed(environment, view), _kept(environment, view), _fresh(environment, view), _minified(view),
            _split(view), _lazy(view), _size(environment, view))


def _served(view: ClientView) -> Finding:
    bad = [one for one in view.files if one.status != 200]
    if not bad and view.left_out:
        return Finding(_SERVED, Verdict.WARNING, f"the first {len(view.files)}; {view.left_out} more were not asked "
                                                 f"for",
                       "all", "The page names very many files: each costs a request. Let the bundler join them.")
    return finding(_SERVED, not bad, measured=(
        "; ".join(f"{one.path}: {one.status or one.problem}" for one in bad[:3]) or f"{len(view.files)} with 200"),
        expected="status 200", next_step="40 Health, then 21 Verify: they show what users meet.")


def _packed(environment: Environment, view: ClientView) -> Finding:
    least = environment.tuning.frontend.compressed_from_bytes
    large = [one for one in view.of("page", "script", "style", "api") if one.size_bytes >= least]
    if not large:
        return Finding(_PACKED, Verdict.NOT_APPLICABLE, f"no reply of {least} bytes or more")
    bad = [one for one in large if not one.encoding or (one.sent_bytes or 0) >= one.size_bytes]
    bad_words = "; ".join(f"{one.path}: {readable_size(one.size_bytes)} as {one.encoding or 'plain text'}"
                          for one in bad[:4])
    return finding(_PACKED, not bad, measured=bad_words or _saved(large),
                   expected=f"each reply of {least} bytes or more is smaller on the way", next_step=_where(
                       environment,
                       nginx="gzip on; gzip_proxied any; gzip_min_length 1024; and gzip_types with the type of "
                       f"{bad[0].path if bad else 'the file'}",
                       traefik="a middleware with compress on the router: traefik.http.middlewares.NAME.compress=true",
                       what=f"compress replies of the type of {bad[0].path if bad else 'the file'}")
                   + " Text shrinks to about a third, and with it the time to load on a slow line.")


def _saved(large: list[ServedFile]) -> str:
    before, after = sum(one.size_bytes for one in large), sum(one.sent_bytes or one.size_bytes for one in large)
    return (f"{len(large)} {'reply' if len(large) == 1 else 'replies'}: {readable_size(before)} before, "
            f"{readable_size(after)} after ({100 - 100 * after / before:.0f} % less)")


def _kept(environment: Environment, view: ClientView) -> Finding:
    least, files = environment.tuning.frontend.asset_cache_s, view.of("script", "style")
    if not files:
        return Finding(_KEPT, Verdict.NOT_APPLICABLE, "the page names no file of its own")
    bad = [one for one in files if (one.maximum_age_s or 0) < least]
    return finding(_KEPT, not bad, measured="; ".join(
        f"{one.path}: {one.cache_control or 'no Cache-Control'}" for one in bad[:4]) or files[0].cache_control,
        expected=f"max-age of {least} s or more", next_step=_where(
            environment, nginx=f"for the folder of the assets: add_header Cache-Control {_FOREVER}",
            traefik="a middleware with headers.customresponseheaders.Cache-Control on a router of the assets' folder: "
            f"{_FOREVER}", what=f"for the folder of the assets: Cache-Control: {_FOREVER}")
        + " Only where names change with their content. A second visit then loads nothing again.")


def _fresh(environment: Environment, view: ClientView) -> Finding:
    page = view.of("page")[0]
    # where nothing is said a browser guesses; with an age it shows the old page after a release
    good = page.maximum_age_s == 0 or ("must-revalidate" in page.cache_control and page.maximum_age_s is not None)
    measured = page.cache_control or "no Cache-Control"
    return finding(_FRESH, good, measured=measured, expected="no-cache", next_step=_where(
        environment, nginx="for the page: add_header Cache-Control no-cache",
        traefik="a middleware with headers.customresponseheaders.Cache-Control=no-cache on the page's router",
        what="for the page: Cache-Control: no-cache")
        + " Until then browsers show the old page after a release, and ask for files that are gone.")


def _where(environment: Environment, *, nginx: str, traefik: str, what: str) -> str:
    """Where the change is to be made, and how it is written there: as the environment file names the proxy."""
    proxy = environment.proxy
    if proxy is not None and proxy.may_be_nginx:
        return f"In nginx, {nginx}; then nginx -t && nginx -s reload."
    if proxy is not None and proxy.kind == "traefik":
        return f"In Traefik, {traefik}; or in the service behind it."
    return f"In {'the proxy, or ' if proxy else ''}the service that answers: {what}."


def _minified(view: ClientView) -> Finding:
    files = [one for one in view.of("script", "style") if one.size_bytes >= _SMALL]
    if not files:
        return Finding(_MINIFIED, Verdict.NOT_APPLICABLE, f"no file of {_SMALL} bytes or more")
    bad = [one for one in files if one.line_bytes < _MINIFIED_LINE]
    return finding(_MINIFIED, not bad, measured="; ".join(
        f"{one.path}: lines of {one.line_bytes:.0f} bytes" for one in bad[:4]) or pluralize(len(files), "file"),
        expected="all", next_step=("Build for production (Vite: build.minify not false), then deploy. Comments and "
                                   "spaces are a third of a script, and are read by each browser."))


def _split(view: ClientView) -> Finding:
    scripts = view.of("script")
    if not scripts:
        return Finding(_SPLIT, Verdict.NOT_APPLICABLE, "the page has no script of its own")
    return finding(_SPLIT, len(scripts) > 1, measured=", ".join(
        f"{one.path.rpartition('/')[2]} {readable_size(one.size_bytes)}" for one in scripts[:6]),
        expected="more than one script", next_step=(
            "In the bundler, a part of its own for libraries (Vite: build.rollupOptions.output.manualChunks). A "
            "release then changes only the application's part, and browsers keep the rest."))


def _lazy(view: ClientView) -> Finding:
    scripts = view.of("script")
    if not scripts:
        return Finding(_LAZY, Verdict.NOT_APPLICABLE, "the page has no script of its own")
    later = [one for one in view.of("script", "style") if not one.first]
    size = sum(one.size_bytes for one in later)
    return finding(_LAZY, bool(later), measured=(
        f"{pluralize(len(later), 'file')}, {readable_size(size)}, when needed" if later else "everything is loaded at "
                                                                                             "once"),
        expected="some scripts are loaded when they are needed", next_step=(
            "Import what is not shown first with import() (React: lazy and Suspense), then deploy. The first page "
            "shows sooner by what it does not load."))


def _size(environment: Environment, view: ClientView) -> Finding:
    most = environment.tuning.frontend.first_load_kb
    first = [one for one in view.of("script") if one.first]
    sent, size = sum(one.sent_bytes or one.size_bytes for one in first), sum(one.size_bytes for one in first)
    elsewhere = f"; and scripts of {', '.join(view.elsewhere)}, not counted" if view.elsewhere else ""
    return finding(_SIZE, sent <= most * 1024, otherwise=Verdict.WARNING, measured=(
        f"{readable_size(sent)} of scripts on the way, {readable_size(size)} unpacked{elsewhere}"),
        expected=f"{most} KiB at most", next_step=(
            "Load later what is not shown first (lazy loading), and look for large libraries in the bundler's "
            "report. A phone takes about a second for each 200 KiB before anything shows."))
