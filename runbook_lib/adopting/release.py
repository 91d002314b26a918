"""What a found project says of its releases, its monitoring and its logs: by which services are its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runbook_lib.adopting.kinds import is_database, kind_of
from runbook_lib.adopting.lines import Line, Tree, todo
from runbook_lib.adopting.project import FoundProject, FoundService

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")  # a service with another name is left out of the draft


def release_tree(project: FoundProject, name: str) -> Tree:
    """`release`, `logs`, and `monitoring` or the reason why there is none."""
    own = own_services(project)
    logs = {one.name: {"kind": Line("application"), "format": Line("text", "usual; json where each line is an object"),
                       "service": Line(one.name)} for one in own}
    return {"release": _release(project, own, name), "logs": logs, **_monitoring(project)}


def own_services(project: FoundProject) -> list[FoundService]:
    """The services of the application itself: of no well-known image; where all are, every other one."""
    named = [one for one in project.services.values() if NAME.fullmatch(one.name) and not is_database(one)]
    return [one for one in named if kind_of(one) is None] or named


def _release(project: FoundProject, own: list[FoundService], name: str) -> Tree:
    services: Tree = {}
    for one in _brought_anew(own):
        port = Line(one.ports[0]) if one.ports else todo("where it listens; without any, leave the service out")
        services[one.name] = {"image": Line(_image_of(one, project.name or name)), "port": port}
    published = [one.name for one in own if one.published and one.name in services]
    first = [*services] if len(services) == 1 else published
    writers = "stopped while a restore swaps databases; leave out what never writes"
    why = f"the one that stands for the release: {', '.join(services) or 'none was found'}"
    return {
        "strategy": Line("recreate", "each service runs once, and the next release replaces it"),
        "services": services or {"example": {"image": todo("no service of the project's own was found"),
                                             "port": todo("no service of the project's own was found")}},
        "api": Line(first[0], "it stands for the release") if len(first) == 1 else todo(why),
        "writers": Line([one.name for one in own], writers) if own else todo(
            "the services that write into the database", listed=True),
    }


def _brought_anew(own: list[FoundService]) -> Iterable[FoundService]:
    """Those that listen, one of each image: a worker of the same image comes with it."""
    listening = [one for one in own if one.ports or one.health_path] or own
    taken: set[str] = set()
    for one in listening:
        image = _image_of(one, "")
        if image not in taken:
            taken.add(image)
            yield one


def _image_of(one: FoundService, project: str) -> str:
    """Its image without tag and digest; without one, as Compose calls what it builds."""
    if not one.image:
        return f"{project}-{one.name}".lower()
    # a registry's port has a colon, too
    before, slash, last = one.image.partition("@")[0].rpartition("/")
    return f"{before}{slash}{last.partition(':')[0]}"


def _monitoring(project: FoundProject) -> Tree:
    found = {kind.technology: one.name for one in project.services.values() if (kind := kind_of(one)) is not None}
    if "Prometheus" not in found:
        reason = Line("none of its services is a Prometheus", "say so in other words where it is elsewhere")
        return {"without": {"monitoring": reason}}
    alerts = {"alerts": Line(found["Alertmanager"])} if "Alertmanager" in found else {}
    return {"monitoring": {"metrics": Line(found["Prometheus"]), **alerts}}
