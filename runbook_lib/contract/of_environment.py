"""Parameters of the project's notebooks that the environment file can judge, or another parameter: pure.

What a run would refuse after minutes of questions is refused before the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runbook_lib.core.text import did_you_mean

if TYPE_CHECKING:
    from runbook_lib.environment import Environment

Values = Mapping[str, Any]


def faults_of(notebook: str, values: Values, environment: Environment) -> list[str]:
    """What is wrong with typed values in this environment, a line each; nothing for a notebook without such a rule."""
    rule = _RULES.get(notebook)
    return list(rule(values, environment)) if rule is not None else []


def _attested(values: Values, environment: Environment) -> Iterable[str]:
    items = tuple(environment.checklists.pre_deployment.values())
    known = {item.casefold() for item in items}
    yield from (f"attested: {words!r} is not an item of the checklist{_near(words, items)}"
                for words in values["attested"] if words.strip().casefold() not in known)
    if values["attested"] and not values["attested_by"].strip():
        yield "attested_by: is required with attested: the name of the person who attests"


def _conditions(values: Values, environment: Environment) -> Iterable[str]:
    allowed = tuple(environment.alert_drill.conditions) if environment.alert_drill else ()
    for name in values["conditions"]:
        if name not in allowed:
            yield f"conditions: {name!r} may not be provoked in {environment.name}{_near(name, allowed)}"


def _channels(values: Values, environment: Environment) -> Iterable[str]:
    known = tuple(environment.alerts.channels)
    return (f"channels: there is no channel {name!r} in {environment.name}{_near(name, known)}"
            for name in values["channels"] if name not in known)


def _near(word: str, known: tuple[str, ...]) -> str:
    return did_you_mean(word, known) or (f"; there are: {', '.join(known)}" if known else "; there are none")


def _data(values: Values, environment: Environment) -> Iterable[str]:
    if values["backup"] and values["database"] != "restore":
        yield f'backup: is for database = "restore"; with {values["database"]!r} no backup is restored'
    if values["database"] != "keep" and environment.database is None:
        yield (f'database: {values["database"]!r} needs a database, and this environment has none '
               f'({environment.no_database_reason}); with "keep" the earlier images run on the data as they are')


def _restored(values: Values, environment: Environment) -> Iterable[str]:
    if values["drop_retained"] and (values["backup"] or values["from_project"]):
        yield "drop_retained: deletes a retained database and restores nothing; leave out backup and from_project"


def _schedules(values: Values, environment: Environment) -> Iterable[str]:
    if values["schedules"] == "removed" and values["try_now"] != "nothing":
        yield f"try_now: {values['try_now']} cannot be tried once the schedules are removed"


def _load(values: Values, environment: Environment) -> Iterable[str]:
    bounds = environment.load_target
    if bounds is None:
        return
    is_open = values["model"] == "open"
    usual, most = (bounds.rate_per_s, bounds.limit_per_s) if is_open else (bounds.users, bounds.limit_users)
    load, limit = usual if values["load"] is None else values["load"], values["limit"]
    if load > most:
        yield f"load: should be at most {most:g}, as load_test of {environment.name} allows; got {load:g}"
    elif not is_open and load != int(load):
        yield f"load: should be a whole number of users; got {load:g}"
    if limit is not None and not load <= limit <= most:
        yield f"limit: should be from {load:g} to {most:g}, as load_test of {environment.name} allows; got {limit:g}"


_RULES: dict[str, Callable[[Values, Any], Iterable[str]]] = {
    "10_preflight": _attested, "22_rollback": _data, "32_restore_database": _restored,
    "34_install_schedules": _schedules, "42_alert_drill": _conditions, "44_notify": _channels, "60_load_test": _load,
}
