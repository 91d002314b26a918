"""What an error of the Docker SDK, or a docker command's complaint, means to an operator."""

from __future__ import annotations

from runbook_lib.connections.limits import reason_of
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable, RunbookError

_ANSWERS = ("APIError", "ContainerError", "BuildError", "ImageLoadError")  # classes of docker.errors

_FORBIDDEN = "permission denied"  # the words of the socket's error, whichever client prints them
_LET_IN = ("As root on the server: `usermod -aG docker {user}`; then run again. The runbooks use no sudo: who may call "
           "docker by it is root already.")


def docker_error(error: BaseException, address: str) -> RunbookError:
    """FactUnreadable where the engine answered with a refusal; DockerUnavailable for everything else."""
    if any(kind.__name__ in _ANSWERS and kind.__module__ == "docker.errors" for kind in type(error).__mro__):
        return FactUnreadable(
            f"The Docker Engine refused the request ({reason_of(error)}).",
            where=address,
            next_step="Run the same docker command on the server manually to see more.",
        )
    return docker_unavailable(reason_of(error), address)


def docker_unavailable(reason: str, address: str, doing: str = "") -> DockerUnavailable:
    """DockerUnavailable, with the reason that the engine, its socket or the docker command gave."""
    if _FORBIDDEN in reason.lower():
        user = address.partition("@")[0]
        ours = DockerUnavailable(f"{user} may not use the Docker Engine on the server ({reason}).", where=address,
                                 next_step=_LET_IN.format(user=user))
    else:
        ours = DockerUnavailable(
            f"No Docker Engine answers on the server ({reason}).",
            where=address,
            next_step="On the server: `systemctl status docker`, then `docker info` as the deploy user "
            "(it must be in the group docker).",
        )
    ours.host, ours.command = address, doing  # type: ignore[attr-defined]
    return ours
