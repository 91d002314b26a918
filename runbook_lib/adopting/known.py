"""What a found project says about an environment, key by key, each with where it is known from."""

from __future__ import annotations

from runbook_lib.adopting.development import for_development
from runbook_lib.adopting.found_configuration import configuration_tree
from runbook_lib.adopting.found_secrets import secrets_tree
from runbook_lib.adopting.kinds import CACHE, DATABASE, REVERSE_PROXY, is_database, kind_of, technology_of
from runbook_lib.adopting.lines import Line, Tree, merged, todo
from runbook_lib.adopting.logins import logins_of
from runbook_lib.adopting.probes import probe_tree
from runbook_lib.adopting.profiles import active_profiles
from runbook_lib.adopting.project import FoundProject, FoundService
from runbook_lib.adopting.release import no_postgres, release_tree
from runbook_lib.environment.data_services import OWN_DATABASE, SERVER_DATABASES

# the official image calls its role like itself
IMAGE_ROLE = DATABASE.images.partition("(")[0]

_TAKES_ROLES = "PGRST_"  # PostgREST's own role owns nothing. Source: PostgREST's manual, authentication


def known_tree(project: FoundProject, name: str) -> Tree:
    """Everything that is known, as a tree of lines; what could be and is not, is a TODO with the reason."""
    database, cache = _databases(project), _staying([one for one in project.services.values() if kind_of(one) is CACHE])
    tree: Tree = {
        "name": Line(name, "this file's name"),
        "title": Line(name.replace("-", " ").replace("_", " ").capitalize(), "from the name; shown in reports"),
        "compose": _compose(project),
        "public": {"url": todo(_users_type(project))},
        "services": {one.name: _service(project, one) for one in project.services.values()},
        **_without_or_database(project, database),
        "secrets": secrets_tree(project),
        # an application that runs once has no log of a proxy that counts its users
        "rollback": {"synthetic_per_s": Line(1.0, "reads of ours in a second while a release is watched; usual")},
        "traffic": {"reads": _reads(project)},
        "health": {"endpoints": _endpoints(project)},
        "contacts": {"On call": todo("role: address; the first one is called first")},
        "configuration_backup": configuration_tree(project, database),
    }
    if any(project.networks.values()):
        place = f"{project.source}: networks"
        tree["networks"] = {net: {"purpose": Line(_members(project, net) or "no service", place),
                                  "internal": Line(inside)} for net, inside in project.networks.items()}
    return merged(merged(tree, _cache(project, cache)), release_tree(project, name))


def _users_type(project: FoundProject) -> str:
    """What to write as the address; the ports that are open to users help to find it."""
    open_ports = [f"{one.name}: {', '.join(dict.fromkeys(port.rpartition(':')[2] for port in one.open_to_users))}"
                  for one in project.services.values() if one.reached_by_users and _meant(project, one)]
    published = f" Published: {'; '.join(open_ports)}." if open_ports else ""
    inside = [f"{one.name}: {', '.join(dict.fromkeys(one.published))}" for one in project.services.values()
              if one.published and not one.reached_by_users and _meant(project, one)]
    if inside and not open_ports:  # a proxy of the server's own leads there, or a tunnel
        published += f" Only the server itself reaches {'; '.join(inside)}."
    hosts = dict.fromkeys(host for one in project.services.values() if _meant(project, one)
                          for host in one.routing.hosts)
    published += f" Named for a proxy: {', '.join(hosts)}." if hosts else ""
    return ("what users type, https://HOST or https://HOST:PORT; no Compose file says it. Where they type http:// and "
            f"that is meant, say why in public.no_tls_reason.{published}")


def _compose(project: FoundProject) -> Tree:
    tree: Tree = {"project": Line(project.name, f"from {project.name_from}") if project.name else todo(
        "neither COMPOSE_PROJECT_NAME nor `name:` is given, and nothing runs here: Compose takes the folder's name, "
        "which is another one on the server perhaps. `docker compose ls` shows it there. Another name is another, "
        "empty database.")}
    tree["files"] = Line(list(project.files), "as Compose chooses them, in this order")
    if project.env_files:
        tree["env_files"] = Line(list(project.env_files), "as --env-file is given, the last one counts; paths on the "
                                 "server")
    if active := active_profiles(project):
        tree["profiles"] = Line(list(active), "the fewest that have all services which are active")
    tree["existing"] = Line(True, "it runs already: a server without its containers and data is refused")
    return tree


def _service(project: FoundProject, one: FoundService) -> Tree:
    kind, place = kind_of(one), f"{project.source}: services.{one.name}"
    # the last one is what is asked: what speaks no TCP comes first
    usual = kind or (DATABASE if is_database(one) else None)
    listens = one.ports or ((usual.port,) if usual else ())
    # the same number may be there twice: HTTP/3 of a proxy
    ports = (*(number for number in one.datagrams if number not in listens), *listens)
    where = f"{place}.ports" if one.ports else "the usual port of its image"
    tree: Tree = {"title": Line(one.name.replace("-", " ").replace("_", " ").capitalize())}
    # what Compose does not say is left out: the model can be without
    tree |= {"technology": Line(technology_of(one), f"{place}.image")} if kind else {}
    tree |= {"ports": Line(list(ports), where)} if ports else {}
    reached = _meant(project, one) and one.reached_by_users
    tree |= {"published": Line(True, f"{place}.ports: users reach it")} if reached else {}
    tree |= {"cpus": Line(one.cpus, f"{place}: limits")} if one.cpus else {}
    tree |= {"memory": Line(one.memory, f"{place}: limits")} if one.memory else {}
    # one without a way out is meant to stay so; where all are alike there is nothing to hold
    inner = one.networks and any(project.networks.values())
    tree |= {"networks": Line(list(one.networks), f"{place}.networks")} if inner else {}
    if one.on_host:
        tree["host_network_reason"] = todo("it has the server's own network (network_mode: host): say why")
    if one.needs:
        tree["needs"] = Line(list(one.needs), f"{place}.depends_on: where they fail, 40 names them as the cause")
    if probe := probe_tree(one, ports, only_database=len(_databases(project)) == 1):
        tree["probe"] = probe
    if expected := _not_expected(project, one):
        return {**tree, **expected}
    # without an order to start it again it may be a job, which no run may wait for
    job = ". It is not started again: where it runs once and ends, write required: false and absent_reason instead"
    return tree if one.health and not one.check.constant else {**tree, "no_health_check_reason": todo(
        f"{place} has no health check that could fail: say why, or add one there and leave this line out"
        f"{job if one.may_end else ''}")}


def _not_expected(project: FoundProject, one: FoundService) -> Tree:
    """Why nothing expects it to run; empty where it is expected."""
    if one.runs_once:
        verb = "starts" if len(one.awaited_by) == 1 else "start"
        why = f"{project.source}: {', '.join(one.awaited_by)} {verb} when it has ended" if one.awaited_by else (
            "by its name, and it is not started again; where it goes on, write true, and leave absent_reason out")
        return {"required": Line(False, why), "absent_reason": Line("it runs once and ends")}
    if one.name in for_development(project):
        return {"required": Line(False, "by its name, image or profiles; where users need it, write true, and leave "
                                        "absent_reason out"),
                "absent_reason": Line("it is for development or tests")}
    return {}


def _meant(project: FoundProject, one: FoundService) -> bool:
    """Whether an open port is for users. Of a database that is open to the world 10 has to say so."""
    kind = kind_of(one)
    return (kind is None or kind.purpose == REVERSE_PROXY) and one.name not in for_development(project)


def _databases(project: FoundProject) -> list[FoundService]:
    aside = for_development(project)
    return _staying([one for one in project.services.values() if is_database(one) and one.name not in aside])


def _staying(found: list[FoundService]) -> list[FoundService]:
    """Those that go on running: one that makes a database and ends has its image as well."""
    return [one for one in found if not one.runs_once] or found


def _without_or_database(project: FoundProject, found: list[FoundService]) -> Tree:
    """`without`, and `database` where a service runs PostgreSQL."""
    smoke = {"smoke": todo("say why there is no smoke test, or give its steps in `smoke`")}
    if no_postgres(project):
        others = [f"{one.name} ({kind.technology})" for one in project.services.values()
                  if (kind := kind_of(one)) is not None and kind.purpose == DATABASE.purpose]
        known = f"of {', '.join(others)} the runbooks take no backup; " if others else ""
        return {"without": {**smoke, "database": todo(
            f"no service of {project.source} runs PostgreSQL, and the runbooks know no other database: {known}say what "
            "keeps the data, and a copy of them. Where one runs in an image of another name, give `database` in place "
            "of this line")}}
    return {"database": _database(project, found), "without": {**smoke, "migrations": todo(
        "who migrates the database: give `migrations` (docs/how-to/adopt.md has the lines of each tool) and leave this "
        f"line out; or say why there are none.{_who_seems_to_migrate(project)}")}}


def _who_seems_to_migrate(project: FoundProject) -> str:
    starting = [one.name for one in project.services.values() if one.migrates_at_start and not one.runs_once]
    once = [one.name for one in project.services.values() if one.runs_once]
    words = f" By its start command {', '.join(starting)} seems to: at_start: true." if starting else ""
    return words + (f" Where {', '.join(once)} does so, which runs once: at_start: true." if once else "")


def _database(project: FoundProject, found: list[FoundService]) -> Tree:
    if len(found) != 1:
        idle = [one.name for one in project.idle.values() if is_database(one)]
        why = (f"several run PostgreSQL: {', '.join(one.name for one in found)}" if found else
               f"{', '.join(idle)} is in a profile that is not active")
        return {"service": todo(why), "name": todo(why), "owner": todo(why)}
    one, place = found[0], f"{project.source}: services.{found[0].name}"
    logins = logins_of(project, one.name)
    if len(logins) == 1:
        (role, database), by = next(iter(logins.items()))
        # an application's role need not be the image's: what it logs in as is what its migrations own
        return {"service": Line(one.name, f"{place}: its image is {one.image}"),
                "name": _own(Line(database, f"named by {by}")), "owner": Line(role, f"it logs in, by {by}")
                if not by.startswith(_TAKES_ROLES) else todo(f"not {role}: by {by} it takes other roles")}
    user = _variable(one, "POSTGRES_USER")
    name = _variable(one, "POSTGRES_DB")
    official = any(var.startswith("POSTGRES_") for var in one.variables)
    unset = [f"{place} gives no {var}" for var in ("POSTGRES_USER", "POSTGRES_DB")]
    # the image's own rule where a variable is missing. Source: the official image's documentation
    owner = user or (IMAGE_ROLE if official and "POSTGRES_USER_FILE" not in one.variables else "")
    base = name or (owner if "POSTGRES_DB_FILE" not in one.variables else "")
    return {
        "service": Line(one.name, f"{place}.image is {one.image}" if one.image else f"{place}: its variables"),
        "name": _own(Line(base, f"{place}: POSTGRES_DB" if name else f"{unset[1]}: the image takes the role's name"))
        if base else todo(unset[1]),
        "owner": Line(owner, f"{place}: POSTGRES_USER" if user else f"{unset[0]}: the image's own role")
        if owner else todo(unset[0]),
    }


def _own(name: Line) -> Line:
    """A TODO where it is a database of PostgreSQL's own: no restore could make that one."""
    if name.value not in SERVER_DATABASES:
        return name
    return todo(f"{name.value} was found ({name.comment}). Where the application makes one of its own, name that: "
                f"`psql --list` shows it. Else: PostgreSQL makes {name.value} on every server, so 31 and 32 could not "
                f"restore it; {OWN_DATABASE}")


def _variable(one: FoundService, name: str) -> str:
    return one.variables.get(name, "").strip()


def _cache(project: FoundProject, found: list[FoundService]) -> Tree:
    if len(found) == 1:
        return {"cache": {"service": Line(found[0].name, f"{project.source}: its image is {found[0].image}")}}
    if found:
        return {"cache": {"service": todo(f"several: {', '.join(one.name for one in found)}")}}
    idle = [one.name for one in project.idle.values() if kind_of(one) is CACHE]
    if idle:
        return {"cache": {"service": todo(f"{', '.join(idle)} is in a profile that is not active")}}
    reason = "none of its services is a Redis"
    return {"without": {"cache": Line(reason, "say so in other words where the application has one elsewhere")}}


def _endpoints(project: FoundProject) -> Tree:
    paths = {one.health_path: _endpoint(Line(f"What the health check of {one.name} asks",
                                             f"{project.source}: services.{one.name}.healthcheck"), Line(one.name))
             for one in project.services.values() if one.health_path and one.published}
    behind = "; ".join(f"{one.name}: {one.health_path}" for one in project.services.values() if one.health_path)
    known = f". Health checks ask ({behind}): a proxy may pass that on" if behind else ""
    return paths or {"/": _endpoint(todo("no health check asks a published path; name one that answers 200 when the "
                                         f"application is healthy, instead of /, and what it covers{known}"), todo())}


def _reads(project: FoundProject) -> Line:
    asked = {one.health_path: one.name for one in project.services.values() if one.health_path and one.published}
    better = "add paths that users read without a log-in, and that read the database"
    if not asked:
        return todo(f"{better}: without requests a deployment ends inconclusive", listed=True)
    return Line(list(asked), f"what the health check of {', '.join(sorted(set(asked.values())))} asks; {better}")


def _endpoint(title: Line, service: Line) -> Tree:
    """One endpoint. What its reply holds no Compose file says."""
    return {"title": title, "service": service,
            "contains": todo("a piece of the reply that no other page has: a 200 alone may be any one; or empty: true")}


def _members(project: FoundProject, network: str) -> str:
    return ", ".join(one.name for one in project.services.values() if network in one.networks)
