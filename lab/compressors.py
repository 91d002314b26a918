"""igzip on a lab's server while a benchmark measures with it; the server has none otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lab import images
from lab.engine import docker
from lab.instance import Instance
from lab.processes import log_file, output, pipe

# in /usr/bin and the folder of libraries, from which the loader takes it as well
_FILES = "cd / && exec tar -ch usr/bin/igzip usr/lib/*-linux-gnu/libisal.so.2"
_REMOVE = "rm -f /usr/bin/igzip /usr/lib/*-linux-gnu/libisal.so.2"


@contextmanager
def igzip(instance: Instance) -> Iterator[None]:
    """The server has igzip until the end; backups there are compressed by it. Raises LabError."""
    images.ensure_images(images.IGZIP)
    taken = (docker(), "run", "--rm", "--entrypoint", "sh", images.built_reference(images.IGZIP), "-c", _FILES)
    try:
        pipe(taken, instance.inside("tar", "-xC", "/"), log_file(f"igzip-{instance.name}"))
        output(instance.inside("igzip", "--version", user="deploy"))
        yield
    finally:
        output(instance.inside("sh", "-c", _REMOVE))
