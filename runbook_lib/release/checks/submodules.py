"""Does a release need what lies in other repositories, which neither its export nor its checkout has? Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.repository import ReleaseTree

CHECK = "the release has all its files in its own repository"


def submodules(tree: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    """A failure where images are built from a submodule, or services mount it: both would find an empty folder.

    A warning for any other; nothing for a release without submodules.
    """
    if not tree.submodules:
        return ()
    directory = environment.server.directory
    read = {posixpath.normpath(posixpath.join(directory, one)) for one in _folders(tree, environment)}
    needed = [one for one in tree.submodules if any(_overlap(one, other) for other in read)]
    named = ", ".join(needed or tree.submodules)
    return (finding(CHECK, False, measured=f"submodules: {named}", expected="no submodule that images are built from",
                    otherwise=Verdict.FAILED if needed else Verdict.WARNING,
                    next_step="Releases are built from an export of the commit, in which a submodule is an empty "
                    "folder, and a checkout does not bring it up to date. Take its files into the repository (git "
                    "subtree), or get them while the image is built."),)


def _folders(tree: ReleaseTree, environment: Environment) -> Iterator[str]:
    """What images are built from and what services mount, relative to the project's folder or absolute."""
    compose = tree.sources.compose
    for service in (compose.services if compose else {}).values():
        build = service.get("build")
        if build:
            yield str(build.get("context") or ".") if isinstance(build, dict) else str(build)
        yield from (str(one["source"]) for one in service.get("volumes") or () if one.get("type") == "bind")
    yield from (environment.release.folder_of(name) for name in environment.release.services
                if not environment.release.replaced)


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other.rstrip('/')}/") or f"{other.rstrip('/')}/".startswith(f"{one}/")
