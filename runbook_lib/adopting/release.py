"""What a found project says of its releases, its monitoring and its logs: by which services are its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runbook_lib.adopting.development import for_development
from runbook_lib.adopting.kinds import (
    CACHE,
    NOT_FOR_BROWSERS,
    REVERSE_PROXY,
    SERVING_OTHERS,
    is_database,
    keeps_data,
    kind_of,
)
from runbook_lib.adopting.lines import Line, Tree, todo
from runbook_lib.adopting.project import FoundProject, FoundService
from runbook_lib.platform.facts.replaced_release import repository_of

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")  # a service with another name is left out of the draft
_HANDS_ON = re.compile(r"(?:^|[-_.])(?:(reverse-?)?proxy|nginx|caddy|traefik|gateway|ingress|router|load-?balancer|lb)"
                       r"(?:$|[-_.])", re.I)


def release_tree(project: FoundProject, name: str) -> Tree:
    """`release`, `proxy` where one is published, `logs`, and `monitoring` or the reason why there is none."""
    own = own_services(project)
    logs = {one.name.lower(): {
        "kind": Line("application"), "format": Line("text", "usual; json where each line is an object"),
        "service": Line(one.name)} for one in own}
    return {"release": _release(project, own, name), **_proxy(project), "logs": logs, **_monitoring(project)}


def no_postgres(project: FoundProject) -> bool:
    """Whether no service runs PostgreSQL, in no profile either."""
    return not any(is_database(one) for one in (*project.services.values(), *project.idle.values()))


def own_services(project: FoundProject) -> list[FoundService]:
    """The services of the application itself: of no well-known image; where all are, those that serve no other one."""
    aside = for_development(project)
    named = [one for one in project.services.values()
             if NAME.fullmatch(one.name) and not is_database(one) and not one.runs_once and one.name not in aside]
    own = [one for one in named if kind_of(one) is None and not keeps_data(one)]
    return own or [one for one in named if (kind := kind_of(one)) is None or kind.purpose not in SERVING_OTHERS]


def _release(project: FoundProject, own: list[FoundService], name: str) -> Tree:
    services: Tree = {}
    brought = _brought_anew(own, project.name or name)
    listening = [one.name for one in brought if _listens(one)] or [one.name for one in brought]
    for one in brought:
        port = {"port": Line(_web_port(one))} if one.ports else {
            "port": todo(_where(one))} if one.name in listening else {}
        services[one.name] = {"image": Line(_image_of(one, project.name or name)), **port}
    for one in _in_the_network_of(services, project):
        services[one.name] = {"image": Line(_image_of(one, project.name or name), "it lives in the network of "
                                            f"{', '.join(one.shares)}, and is made anew together with it")}
    # what only hands requests on migrates nothing, and its version says nothing of the application's
    answering = [name for name in listening if not _HANDS_ON.search(name)] if len(services) > 1 else listening
    published = [one.name for one in own if one.published and one.name in answering]
    first = _reading(project, answering if len(listening) == 1 else published, [one.name for one in brought])
    aside = for_development(project)
    writers = "stopped while a restore swaps databases; leave out what never writes" + (
        f". Left out, as for development or tests: {', '.join(aside)}" if aside else "")
    writing = Line([one.name for one in own], writers) if own else todo("the services that write into the database",
                                                                        listed=True)
    why = f"the one that stands for the release: {', '.join(services) or 'none was found'}"
    return {
        "strategy": Line("recreate", "each service runs once, and the next release replaces it"),
        "services": services or {"example": {"image": todo("no service of the project's own was found"),
                                             "port": todo("no service of the project's own was found")}},
        "api": Line(first[0], "it stands for the release") if len(first) == 1 else todo(why),
        **_jobs(project, services, name),
        **({} if no_postgres(project) else {"writers": writing}),
    }


def _reading(project: FoundProject, chosen: list[str], brought: list[str]) -> list[str]:
    """Those that are chosen; none where they do not know the database, and another one of the release does: a page's
    server is up while what it asks is not.
    """
    bases = {one.name for one in project.services.values() if is_database(one)}
    words = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(bases)))})(?![\w-])") if bases else None
    reads = {one.name for one in project.services.values() if words and (set(one.needs) & bases or any(
        words.search(value) for value in one.variables.values()))}
    return chosen if set(chosen) & reads or not set(brought) & reads else []


def _jobs(project: FoundProject, services: Tree, name: str) -> Tree:
    """What runs once and ends, those that others of them wait for first; each with its image where it is ours."""
    found = {one.name: one for one in project.services.values() if one.runs_once and NAME.fullmatch(one.name)}
    images = {one["image"].value for one in services.values()}
    jobs: Tree = {}
    while found:
        # a circle is none that Compose takes
        ready = [job for job in found if not any(job in other.awaited_by for other in found.values())] or list(found)
        for job in ready:
            one = found.pop(job)
            image = _image_of(one, project.name or name)
            jobs[job] = {"image": Line(image, "it runs the release's code")} if one.built_from or image in images \
                else {}
    return {"jobs": jobs} if jobs else {}


def _proxy(project: FoundProject) -> Tree:
    """The proxy that users reach, where it is one: what follows new addresses itself, and what has to be reloaded."""
    found = [(one, kind.technology) for one in project.services.values()
             if (one.published or one.on_host) and (kind := kind_of(one)) is not None and kind.purpose == REVERSE_PROXY]
    if not found:
        # one of another project reads what the services say
        kinds = {one.routing.kind: one.name for one in project.services.values() if one.routing.kind}
        (spoken, service), *others = kinds.items() or [("", "")]
        why = f"{service} speaks to one of another project, which finds other containers itself"
        return {"proxy": {"kind": Line(spoken, why)}} if spoken and not others else {}
    if len(found) != 1:
        return {}
    (entrance, program), = found
    reached = "it is published" if entrance.published else "it has the server's network"
    why = "reloaded once containers behind it are others" if program == "Nginx" else "it finds other containers itself"
    return {"proxy": {"service": Line(entrance.name, reached),
                      "kind": Line({"Nginx": "nginx", "Traefik": "traefik"}.get(program, "other"), why)}}


def _where(one: FoundService) -> str:
    image = f", as its image says of all that run it: {', '.join(map(str, one.exposed))}" if one.exposed else ""
    return f"where it listens{image}; where nowhere, leave the line out"


def _web_port(one: FoundService) -> int:
    return next((port for port in one.ports if port not in NOT_FOR_BROWSERS), one.ports[0])


def _listens(one: FoundService) -> bool:
    return bool(one.ports or one.health_path)


def _brought_anew(own: list[FoundService], project: str) -> list[FoundService]:
    """Those that run the release's code: what listens, what is built here, and workers of the same image.

    Where that is nothing but a proxy, the application stands behind it: what does not listen is its.
    """
    listening = [one for one in own if _listens(one)] or own
    images = {_image_of(one, project) for one in listening}
    # one publisher's images go together: behind a proxy of its own nothing else has a port
    publishers = {image.rpartition("/")[0] for image in images} - {""}
    # on a server nothing shows a build but the name that Compose gives to what it has built
    found = [one for one in own if one in listening or one.built_from or one.exposed
             or _image_of(one, project) in images
             or _image_of(one, project) == f"{project}-{one.name}".lower()
             or _image_of(one, project).rpartition("/")[0] in publishers]
    return own if all(_HANDS_ON.search(one.name) for one in found) else found


def _in_the_network_of(names: Iterable[str], project: FoundProject) -> list[FoundService]:
    """What lives in the network of a service that is replaced, or of one that does: left out, it would stay in one
    that is gone. What keeps data is none of a release.
    """
    found: dict[str, FoundService] = {}
    known, before = set(names), -1
    while len(found) != before:
        before = len(found)
        found |= {one.name: one for one in project.services.values()
                  if NAME.fullmatch(one.name) and one.name not in known and set(one.shares) & (known | set(found))
                  and not (one.runs_once or is_database(one) or kind_of(one) is CACHE)}
    return list(found.values())


def _image_of(one: FoundService, project: str) -> str:
    """Its image without tag and digest; without one, as Compose calls what it builds."""
    if not one.image:
        return f"{project}-{one.name}".lower()
    return repository_of(one.image)


def _monitoring(project: FoundProject) -> Tree:
    found = {kind.technology: one.name for one in project.services.values() if (kind := kind_of(one)) is not None}
    if "Prometheus" not in found:
        reason = Line("none of its services is a Prometheus", "say so in other words where it is elsewhere")
        return {"without": {"monitoring": reason}}
    alerts = {"alerts": Line(found["Alertmanager"])} if "Alertmanager" in found else {}
    return {"monitoring": {"metrics": Line(found["Prometheus"]), **alerts}}
