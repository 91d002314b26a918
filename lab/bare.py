"""A server with sshd, many login shells and nothing else, up in a second: for all that needs no engine."""

from __future__ import annotations

from lab import container, images
from lab.instance import Instance, down, start_new
from lab.processes import log_file

# no engine, no cron: the other services that the server's own init would run
ENTRYPOINT = ("--entrypoint", "/usr/bin/tini")
COMMAND = ("--", "sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e")


def up_bare(instance: Instance) -> None:
    """Make the instance anew as a bare server, reached as every other. Its image (`images.BARE`) has to be there."""
    down(instance)
    log = log_file(f"up-{instance.name}")
    log.unlink(missing_ok=True)
    instance.address.create()
    start_new(instance, log, *ENTRYPOINT, image=images.built_reference(images.BARE), command=COMMAND,
              ready=container.wait_for_sshd)
    instance.finished.write_text(f"{instance.ports()}\n")
