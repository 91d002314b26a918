"""What a found project says of its configuration: mounted files and logs, volumes, and where uploads may be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runbook_lib.adopting.development import for_development
from runbook_lib.adopting.lines import Line, Tree, todo
from runbook_lib.adopting.project import FoundProject, FoundService

_OF_THE_SYSTEM = re.compile(r"/(etc|proc|sys|dev|run|var/run|var/log|docker-entrypoint-initdb\.d)(/|$)")


def configuration_tree(project: FoundProject, databases: list[FoundService]) -> Tree:
    """`configuration_backup`: files, logs and volumes, and where users' files may be."""
    mounts = [(one, volume) for one in project.services.values() for volume in one.volumes]
    volumes: Tree = {}
    for one, volume in mounts:
        if volume.named and volume.source:
            dumped = one in databases and volume.target.startswith("/var/lib/postgresql")
            volumes[volume.source] = Line("the nightly dump holds it") if dumped else todo(
                f"{volume.target} of {one.name}: why needs it no copy? If users' files lie there, it needs one")
    below = f"{project.folder}/"
    # a folder that a service only reads is configuration; one that it writes into is not
    given = {one.removeprefix(below) for one in project.configs if project.folder and one.startswith(below)}
    files = sorted(given | {
        volume.source.removeprefix(below) for _, volume in mounts
        if not volume.named and project.folder and volume.source.startswith(below)
        and (volume.read_only or re.search(r"\.[a-z]+$", volume.source))})
    logs = sorted({volume.source for _, volume in mounts if not volume.named and volume.source
                   and volume.target.startswith("/var/log") and not volume.source.startswith(below)})
    more = "what is mounted to be read; add what else a server needs: 33 names files that Compose includes"
    tree: Tree = {"project_paths": Line(files, more),
                  "no_uploads_reason": todo(_where_uploads_may_be(project, databases)),
                  "data_volumes": volumes}
    return {**tree, "log_folders": Line(logs, "folders of the server that are mounted at /var/log")} if logs else tree


def _where_uploads_may_be(project: FoundProject, databases: list[FoundService]) -> str:
    """Folders of the server and volumes that services write into: one of them may hold users' files."""
    aside = for_development(project)
    services = [one for one in project.services.values() if one not in databases and one.name not in aside]
    written = [(one, volume) for one in services
               for volume in one.volumes if not (volume.named or volume.read_only)]
    folders = _by_place((one.name, volume.target) for one, volume in written
                        if not (_OF_THE_SYSTEM.match(volume.target) or re.search(r"\.[A-Za-z]+$", volume.target)))
    volumes = _by_place((one.name, volume.target) for one in services
                        for volume in one.volumes if volume.named and not volume.read_only)
    found = [*([f"folders of the server are mounted at {'; '.join(folders)}"] if folders else []),
             *([f"volumes at {'; '.join(volumes)}"] if volumes else [])]
    if not found:
        return "no Compose file says it: uploads are in a volume, if anywhere"
    return (f"{', '.join(found)}. Where users' files lie in one of them, leave this line out and name it: "
            "uploads: [{service: …, path: …}]")


def _by_place(places: Iterable[tuple[str, str]]) -> list[str]:
    """`web, worker: /srv/uploads`: services that have a place in common, together."""
    found: dict[str, list[str]] = {}
    for service, target in places:
        found.setdefault(target, []).append(service)
    return [f"{', '.join(services)}: {target}" for target, services in found.items()]
