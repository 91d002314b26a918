"""The frontend's files as users get them, compared with the files in the image they were built into."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import Connections, Http, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import exec_in

MOST_ASSETS = 50  # a page that names more is not ours; the command line has to stay bounded


@dataclass(frozen=True)
class Asset:
    """One file: its digest as served through nginx, and in the image. None where there is no such file."""

    path: str
    size_bytes: int
    served_sha256: str | None
    image_sha256: str | None

    @property
    def same(self) -> bool:
        """Whether users get the very bytes that were built."""
        return self.served_sha256 is not None and self.served_sha256 == self.image_sha256


def compare_assets(environment: Environment, colour: str) -> Question[tuple[Asset, ...] | None]:
    """The page and every script and style it names; empty when not even the page was served.

    None where the environment names no files of a page: the application makes it itself, or has none.

    Raises CommandTimedOut, HostUnreachable. Source: `sha256sum` in the frontend's container.
    """

    # where no service is for the page, it comes from the API
    page_service = environment.release.page or environment.release.api

    def fetch(connections: Connections) -> tuple[Asset, ...] | None:
        files = environment.page
        if files is None:
            return None
        page = _fetch(connections.http, files.path)
        if page is None:
            return ()
        root = files.root.rstrip("/")
        paths = [f"/{files.file}", *parse_asset_paths(page.decode("utf-8", "replace"), files.assets)]
        built = ("sha256sum", *(f"{root}{path}" for path in paths))
        # sha256sum ends with 1 when a file that the page names is not in the image: that is an answer
        command = Command(exec_in(environment, environment.release.in_slot(page_service, colour), *built),
                          accepts=(0, 1))
        digests = parse_digests(connections.server.run(command).stdout)
        bodies = [page, *(_fetch(connections.http, path) for path in paths[1:])]
        return tuple(
            Asset(path, len(body or b""), _digest(body), digests.get(f"{root}{path}"))
            for path, body in zip(paths, bodies, strict=True)
        )

    return Question("frontend assets", fetch)


def asset_pattern(assets: str) -> str:
    """What finds the files below a folder that a page names, in any program that knows Perl's expressions.

    No part of their paths begins with a dot: they could leave the folder through one, and their names become arguments.
    """
    part = r"[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*"
    return rf"""(?:src|href)=["']({re.escape(assets)}(?:{part}/)*{part})(?:\?[^"'#]*)?["']"""


def parse_asset_paths(page: str, assets: str) -> list[str]:
    """The distinct files below the folder `assets` that a page names, in order, at most 50."""
    return list(dict.fromkeys(re.findall(asset_pattern(assets), page)))[:MOST_ASSETS]


def parse_digests(listing: str) -> dict[str, str]:
    """`sha256sum` lines as path → digest. Source: GNU coreutils manual, md5sum invocation."""
    pairs = (line.split(maxsplit=1) for line in lines_of(listing))
    return {pair[1].lstrip("*"): pair[0] for pair in pairs if len(pair) == 2}


def _fetch(http: Http, path: str) -> bytes | None:
    try:
        reply = http.request("GET", path)
    except EndpointUnavailable:
        return None
    return reply.body if reply.status == 200 else None


def _digest(body: bytes | None) -> str | None:
    return None if body is None else hashlib.sha256(body).hexdigest()
