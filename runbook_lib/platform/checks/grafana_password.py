"""How a Grafana that has run before takes a changed password: its variable counts only when its data are first made."""

from __future__ import annotations


def take_password(project: str, service: str) -> str:
    """The command, for an operator on the server, by which Grafana takes the password that its container was given.

    In the container, from its own variable: the value is in no argument and in no history. A deployment does not run
    it: no Grafana image could be had to prove it with. Source: Grafana documentation, grafana cli admin.
    """
    container = (f"docker ps -q --filter label=com.docker.compose.project={project} "
                 f"--filter label=com.docker.compose.service={service}")
    program = ('printf %s "$GF_SECURITY_ADMIN_PASSWORD" | '
               "grafana cli admin reset-admin-password --password-from-stdin")
    return f"`docker exec $({container}) sh -c '{program}'`"


def keeps_password(project: str, service: str) -> str:
    """What a plan says that brings Grafana a changed password."""
    return ("Grafana keeps the password of its first start: where it changed, give it the new one afterwards, on the "
            f"server: {take_password(project, service)}")
