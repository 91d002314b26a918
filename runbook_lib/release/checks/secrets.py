"""Are the secrets there, and strong? Judged by length and variety; no value is ever part of a finding. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.configuration import SecretStrength, ServerSecrets

FEWEST_DISTINCT = 8  # characters; a long run of one letter is no secret
HOW_TO = "Make a new one with `openssl rand -hex 32`, and put it where this run takes its secrets from."


def secret_findings(
    held: Iterable[SecretStrength], on_server: ServerSecrets, environment: Environment
) -> tuple[Finding, ...]:
    """Secrets of this run and of the server, against the names and lengths that the environment asks for."""
    return (
        _judge("secrets are available to this run, and strong", tuple(held), environment, HOW_TO),
        _server_file(on_server),
        _server_values(on_server, environment),
    )


def faults_of(strength: SecretStrength, environment: Environment) -> list[str]:
    """What is wrong with one secret, in words that give nothing of it away."""
    need = environment.secrets[strength.name]
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


def _judge(check: str, held: tuple[SecretStrength, ...], environment: Environment, next_step: str) -> Finding:
    by_name = {strength.name: strength for strength in held}
    wanted = environment.server_secrets
    wrong = [f"{name}: missing" for name in wanted if name not in by_name]
    wrong += [
        f"{name}: {fault}" for name in wanted if name in by_name for fault in faults_of(by_name[name], environment)
    ]
    return finding(check, not wrong, measured="; ".join(wrong) or f"{len(wanted)} of {len(wanted)}",
                   expected=f"all {len(wanted)}, each as long as the environment asks",
                   next_step=next_step)


def _server_file(on_server: ServerSecrets) -> Finding:
    check = "secrets on the server are readable by their owner alone"
    if on_server.mode is None:
        return _not_there(check)
    return finding(check, on_server.mode & 0o077 == 0, measured=f"mode {on_server.mode:04o}, owner {on_server.owner}",
                   expected="mode 0600", next_step="On the server: chmod 600 .env.secrets.")


def _server_values(on_server: ServerSecrets, environment: Environment) -> Finding:
    check = "secrets on the server are complete and strong"
    if on_server.mode is None:
        return _not_there(check)
    return _judge(check, on_server.secrets, environment, f"{HOW_TO} The next deploy delivers it.")


def _not_there(check: str) -> Finding:
    return Finding(check, Verdict.WARNING, "no .env.secrets yet", "a file of mode 0600",
                   "Nothing to do before the first deployment: it delivers the file.")
