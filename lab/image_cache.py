"""Images and layers already unpacked: a volume that the engine of every new instance starts from a copy of.

Loading the images into an engine takes most of a minute, and building the application's dependencies another; copying
what an engine made of them takes a few seconds.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab import container, images, layers, volumes
from lab.engine import docker
from lab.processes import log_file, output, run, succeeds
from lab.progress import Progress


def cache_name() -> str:
    """The volume (and, while it is filled, the container) that holds the present images unpacked."""
    references = [images.built_reference(image) for image in images.IMAGES if image.in_server]
    content = repr((references, layers.fingerprint()))
    return f"gw2-lab-stock-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def ensure_image_cache() -> None:
    """Fill the volume when it is not there; older ones that nothing uses go."""
    name = cache_name()
    known = output((docker(), "volume", "ls", "--quiet", "--filter", f"label={images.LABEL}.stock")).split()
    if name in known and volumes.is_complete(name):
        return
    log = log_file("stock")
    log.unlink(missing_ok=True)
    for old in known:
        remove(old)
    labels = {images.LABEL: "1", f"{images.LABEL}.stock": "1"}
    with Progress("stock", total=3) as progress:
        with progress.step("an engine to unpack the images"):
            volumes.create(name, labels, log)
            container.create(name, labels, log)
            container.start(name, log)
            container.wait_until_ready(name)
        with progress.step("images unpacked"):
            images.load_into(name)
        with progress.step("the application's dependencies built ahead"):
            layers.build_in(name)
            run((docker(), "stop", name), log)
            run((docker(), "rm", "--volumes", name), log)
            volumes.complete(name)


def remove(name: str) -> None:
    """Remove a stock volume and what an interrupted filling left; one that is being copied from stays."""
    succeeds((docker(), "rm", "--force", "--volumes", name))
    succeeds((docker(), "volume", "rm", name))


def remove_images() -> int:
    """Remove every image of the lab that no container uses, and the volumes made of them; returns how many went."""
    volumes = output((docker(), "volume", "ls", "--quiet", "--filter", f"label={images.LABEL}.stock")).split()
    references = output((docker(), "images", "--filter", f"label={images.LABEL}", "--format",
                         "{{.Repository}}:{{.Tag}}")).split()
    gone = 0
    for name in volumes:
        remove(name)
        gone += not succeeds((docker(), "volume", "inspect", name))
    # children first: an image goes only when nothing is built on it
    for reference in [reference for reference in references if "<none>" not in reference]:
        gone += succeeds((docker(), "rmi", reference))
    return gone


def copy_to(volume: str, log: Path) -> None:
    """Give `volume` the unpacked images."""
    volumes.copy(cache_name(), volume, log)
