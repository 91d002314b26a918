"""Unpacked images and layers in a volume; the engine of every new instance starts from a copy of it.

Loading the images into an engine takes most of a minute, building the application's dependencies another; copying the
result takes a few seconds.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import container, images, layers, volumes
from lab.engine import docker
from lab.processes import log_file, output, run, succeeds
from lab.progress import Progress

MARK = f"{images.LABEL}.image-cache"


def cache_name() -> str:
    """The volume (and, while it is filled, the container) with the current images unpacked."""
    references = [images.built_reference(image) for image in images.IMAGES if image.in_server]
    content = repr((references, layers.fingerprint()))
    return f"gw2-lab-images-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def ensure_image_cache() -> None:
    """Fill the volume unless it is complete; remove older ones that are not in use. Raises CommandFailed."""
    name = cache_name()
    known = output((docker(), "volume", "ls", "--quiet", "--filter", f"label={MARK}")).split()
    if name in known and volumes.is_complete(name):
        return
    others = [image.name for image in images.IMAGES if image.in_server and image.name not in layers.BUILDERS]
    log = log_file("image-cache")
    log.unlink(missing_ok=True)
    for old in known:
        remove(old)
    labels = {images.LABEL: "1", MARK: "1"}
    with Progress("image cache", total=4) as progress:
        with progress.step("engine to unpack the images"):
            volumes.create(name, labels, log)
            container.create(name, labels, log)
            container.start(name, log)
            container.wait_until_ready(name)
        with progress.step("images for the application unpacked"):
            images.load_into(name, layers.BUILDERS)
        with progress.step("application dependencies prebuilt, other images unpacked"), ThreadPoolExecutor(1) as loader:
            loaded = loader.submit(images.load_into, name, others)
            layers.build_in(name)
            loaded.result()
        with progress.step("engine stopped"):
            run((docker(), "stop", name), log)
            run((docker(), "rm", "--volumes", name), log)
            volumes.complete(name)


def remove(name: str) -> None:
    """Remove a cache volume and what an interrupted fill left behind; a volume in use stays."""
    succeeds((docker(), "rm", "--force", "--volumes", name))
    succeeds((docker(), "volume", "rm", name))


def remove_images() -> int:
    """Remove every image of the lab that no container uses, and the cache volumes; returns how many were removed."""
    caches = output((docker(), "volume", "ls", "--quiet", "--filter", f"label={MARK}")).split()
    references = output((docker(), "images", "--filter", f"label={images.LABEL}", "--format",
                         "{{.Repository}}:{{.Tag}}")).split()
    removed = 0
    for name in caches:
        remove(name)
        removed += not succeeds((docker(), "volume", "inspect", name))
    # newest first: an image can be removed only when no other is built on it
    for reference in [reference for reference in references if "<none>" not in reference]:
        removed += succeeds((docker(), "rmi", reference))
    return removed


def copy_to(volume: str, log: Path) -> None:
    """Copy the unpacked images into `volume`. Raises CommandFailed."""
    volumes.copy(cache_name(), volume, log)
