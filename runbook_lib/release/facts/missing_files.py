"""Files that a release names for `configs` and `secrets` of Compose, and that neither it nor the server has.

Compose does not look for them: Docker refuses the service, or makes an empty folder in their place, when it is started.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping

from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections

# what a deployment writes next to the release: git would overwrite it, and take it away when it returns
FILES_OF_THE_SERVER = (".env", ".env.secrets", ".runbook")  # unless an environment names others
# A folder that cannot be entered may well hold the file; one that is not there holds none, and neither does a file. The
# replies are numbers, because a path may hold any character.
SHOW_ABSENT = r"""
n=0
for path; do
  at=$(readlink -m -- "$path") || at=$path
  while [ -n "$at" ] && [ ! -e "$at" ]; do at=${at%/*}; done
  # now the last of the path that can be seen; nothing but a folder that cannot be entered leaves it open
  if [ ! -e "$path" ] && { [ ! -d "$at/" ] || [ -x "$at/" ]; }; then echo "$n"; fi
  n=$((n + 1))
done
"""


def missing_in_the_release(named: Iterable[str], paths: Collection[str], links: Mapping[str, str],
                           directory: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the files `named` by Compose those that the release lacks, and those that lie outside of it.

    `paths` are all files and folders of the release, `links` its symbolic links, `directory` is the checkout on the
    server. The second kind can only be looked up on the server.
    """
    missing, elsewhere = [], []
    inside = directory.rstrip("/") + "/"
    for one in dict.fromkeys(named):
        path = on_the_server(one, directory, links)
        if not path.startswith(inside):
            elsewhere.append(path)
            continue
        relative = path.removeprefix(inside)
        if relative.split("/")[0] not in FILES_OF_THE_SERVER and relative not in paths:
            missing.append(one)
    return tuple(missing), tuple(elsewhere)


def still_missing(connections: Connections, missing: tuple[str, ...], elsewhere: tuple[str, ...], directory: str,
                  links: Mapping[str, str], changed: Collection[str] | None) -> tuple[str, ...]:
    """What is missing once the server was asked for the files `elsewhere`, which lie outside of the release.

    With `changed`, the files that differ from the live commit, for those too that the release lacks: a checkout leaves
    what git does not know, as many a project keeps its secrets, and removes what the live commit has.
    """
    paths = {on_the_server(one, directory, links): one for one in missing}
    kept = {path: one for path, one in paths.items()
            if changed is not None and posixpath.relpath(path, directory) not in changed}
    asked = (*elsewhere, *kept)
    absent = missing_on_the_server(connections, asked) if asked else ()
    return (*(one for one in missing if one not in kept.values()), *(kept.get(one, one) for one in absent))


def missing_on_the_server(connections: Connections, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the absolute `paths` that are not on the server, as far as the deploy user can see."""
    reply = connections.server.run(Command(("sh", "-c", SHOW_ABSENT, "show", *paths)))
    return tuple(paths[int(number)] for number in reply.stdout.split())


def on_the_server(source: str, directory: str, links: Mapping[str, str]) -> str:
    """The absolute path that the engine will mount: relative ones begin in the project, links lead on."""
    path, before = posixpath.normpath(posixpath.join(directory, source)), ""
    for _ in range(len(links) + 1):  # a link may lead to a link; more steps than links are a circle
        path, before = _followed(path, directory, links), path
        if path == before:
            break
    return "/run" + path.removeprefix("/var/run") if f"{path}/".startswith("/var/run/") else path


def _followed(path: str, directory: str, links: Mapping[str, str]) -> str:
    for link, target in links.items():
        at = posixpath.join(directory, link)
        if path == at or path.startswith(f"{at}/"):
            return posixpath.normpath(posixpath.join(posixpath.dirname(at), target, path[len(at) + 1:]))
    return path
