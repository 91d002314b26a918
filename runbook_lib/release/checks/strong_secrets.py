"""Are the secrets there, and strong? Judged by length and variety; no value is ever part of a finding. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runbook_lib.core.env_file import unquotable
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.release.facts.secret_strength import SecretStrength, ServerSecrets, strength_of

STRONG_THERE = "secrets on the server complete and strong"
STRONG_HERE = "secrets available and strong"
OWN_FILES = "a deployment delivers none: the application's own files have them"
FEWEST_DISTINCT = 8  # characters; repeating one letter makes a secret long, not strong
# a new value for the password of a database that exists would lock its application out
IN_USE = ("Give this run the value that is in use: a database keeps the password that it was made with. Only what is "
          "in use nowhere yet is made anew: `openssl rand -hex 32`.")
HOW_TO = ("Make another one with `openssl rand -hex 32`, and put it where this run takes its secrets from. Where the "
          "present one is in use, change it there first: a database's with `\\password ROLE` in psql.")


def secrets(held: Mapping[str, Secret], on_server: ServerSecrets, environment: Environment) -> tuple[Finding, ...]:
    """Secrets of this run (`held`, by name) and of the server, against the names and lengths of the environment."""
    measured = {name: strength_of(secret) for name, secret in held.items()}
    return (
        _judge(STRONG_HERE, measured, environment, HOW_TO) if environment.server_secrets else
        not_applicable(STRONG_HERE, OWN_FILES if environment.release.replaced else
                       "the environment file names no secret that has to be there"),
        *_on_the_server(on_server, environment),
        *secrets_can_be_delivered(held, on_server, environment),
    )


def _on_the_server(on_server: ServerSecrets, environment: Environment) -> tuple[Finding, ...]:
    # an application of others keeps its secrets where its Compose files say, and a file of ours would be one too many
    if not environment.server_secrets and on_server.mode is None:
        return (not_applicable(STRONG_THERE, OWN_FILES if environment.release.replaced else
                               "the environment file names none that a deployment has to deliver"),)
    return _server_file(on_server, environment), _server_values(on_server, environment)


def secrets_can_be_delivered(held: Mapping[str, Secret], on_server: ServerSecrets, environment: Environment,
                             delete: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Every value survives the file that Compose reads, and no secret of the server is lost without being asked for.

    `delete` names secrets of the server that this run does not have and that may go.
    """
    unwritable = [f"{name} {reason}" for name in environment.delivered_secrets if name in held
                  for reason in [unquotable(held[name].reveal())] if reason]
    lost = sorted(one.name for one in on_server.secrets if one.length and one.name not in {*held, *delete})
    return (
        finding(f"every secret can be written into {environment.compose.secrets_file}", not unwritable,
                measured="; ".join(unwritable) or "yes", expected="text of one line", next_step=HOW_TO),
        finding("no secret of the server is lost", not lost, measured=", ".join(lost) or "none",
                expected="none that this run does not have",
                next_step="Give this run the missing ones; or name them in `delete_secrets` if they are to go."),
        _database_accepts(on_server),
    )


def _database_accepts(on_server: ServerSecrets) -> Finding:
    """Whether the live database takes this run's passwords: it keeps those that it was made with."""
    check, expected = "the database accepts this run's passwords", "none is refused, where a database runs"
    refused, undecided = on_server.refused, on_server.undecided
    measured = "; ".join((*(f"{one.secret} is refused for {one.role}" for one in refused),
                          *(f"not known for {one.role}" for one in undecided)))
    if undecided and not refused:
        # a warning: what cannot be decided must not keep a release from being deployed, and is not a pass either
        return Finding(check, Verdict.WARNING, measured, expected, "Log in on the server with this run's password: "
                       f"psql -h ADDRESS -U {undecided[0].role} {undecided[0].database} in the container of "
                       f"{undecided[0].service}, ADDRESS from `hostname -i`. If it is refused, do not deploy with it.")
    role = refused[0].role if refused else ""
    return finding(
        check, not refused, measured=measured or "none is refused", expected=expected,
        next_step="An existing database does not take a new password from its variable. Give this run the one that it "
        f"has. To change it: `\\password {role}` in psql on the server, then run this at once; what still has the "
        "earlier one cannot open new connections until then.",
    )


def faults_of(name: str, strength: SecretStrength, environment: Environment) -> list[str]:
    """What is wrong with the secret of that name, in words that reveal nothing of it."""
    need = environment.secrets[name]
    faults = []
    if strength.length < need.minimum_length:
        faults.append(f"shorter than {need.minimum_length}")
    elif strength.distinct < FEWEST_DISTINCT:
        faults.append(f"fewer than {FEWEST_DISTINCT} different characters")
    if strength.weak_word:
        faults.append("contains a well-known word")
    if need.url_safe and not strength.url_safe:
        faults.append("has characters that break a URL")
    return faults


def _judge(check: str, by_name: Mapping[str, SecretStrength], environment: Environment, next_step: str) -> Finding:
    wanted = environment.server_secrets
    missing = [f"{name}: missing" for name in wanted if name not in by_name]
    wrong = [
        f"{name}: {fault}" for name in wanted if name in by_name
        for fault in faults_of(name, by_name[name], environment)
    ]
    advice = " ".join([*[IN_USE] * bool(missing), *[next_step] * bool(wrong)])
    wrong = missing + wrong
    return finding(check, not wrong, measured="; ".join(wrong) or f"{len(wanted)} of {len(wanted)}",
                   expected=f"all {len(wanted)}, each as long as the environment requires", next_step=advice)


def _server_file(on_server: ServerSecrets, environment: Environment) -> Finding:
    check = "only the owner can read the secrets on the server"
    if on_server.mode is None:
        return _no_file(check, environment)
    return finding(check, on_server.mode & 0o077 == 0, measured=f"mode {on_server.mode:04o}, owner {on_server.owner}",
                   expected="mode 0600", next_step=f"On the server: chmod 600 {environment.compose.secrets_file}.")


def _server_values(on_server: ServerSecrets, environment: Environment) -> Finding:
    check = STRONG_THERE
    if on_server.mode is None:
        return _no_file(check, environment)
    by_name = {strength.name: strength for strength in on_server.secrets}
    return _judge(check, by_name, environment, f"{HOW_TO} The next deployment delivers it.")


def _no_file(check: str, environment: Environment) -> Finding:
    # a warning: a server before its first deployment has none, and that is as it should be
    return Finding(check, Verdict.WARNING, f"no {environment.compose.secrets_file} yet", "a file of mode 0600",
                   "Nothing to do before the first deployment: it delivers the file.")
