"""Volumes of an engine, copied: true copies of what changes, links to what never does.

Most of a volume of `/var/lib/docker` are the files of image layers, which no engine writes to again. A copy shares them
with its source (one inode, one place in the page cache), takes seconds and hardly any disk; only containers' own
layers, volumes and records are copied byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from lab import container, images
from lab.engine import docker
from lab.errors import LabError
from lab.processes import log_file, output, run, succeeds

# written last: without it the volume is half filled and no engine may start from it
COMPLETE = ".gw2-complete"
# a file here travels with a stored volume and never into a server
NOTES = ".gw2-notes"
# image/overlay2/layerdb/mounts: one folder a container, which names the layers that this container writes to
COPY = f"""set -e
from=$1/_data to=$2/_data
[ "$3" = live ] || test -f "$from/{COMPLETE}"
for entry in $(ls -A "$from"); do
  case $entry in overlay2 | {COMPLETE} | {NOTES}) ;; *) cp -a "$from/$entry" "$to/" ;; esac
done
cp -al "$from/overlay2" "$to/" 2>/dev/null || {{ rm -rf "$to/overlay2"; cp -a "$from/overlay2" "$to/"; exit 0; }}
for record in "$from"/image/overlay2/layerdb/mounts/*/mount-id "$from"/image/overlay2/layerdb/mounts/*/init-id; do
  [ -f "$record" ] || continue
  layer=$(cat "$record")
  [ -d "$from/overlay2/$layer" ] || continue
  rm -rf "$to/overlay2/$layer"
  cp -a "$from/overlay2/$layer" "$to/overlay2/"
done"""


def create(name: str, labels: Mapping[str, str], log: Path) -> None:
    """Make an empty volume. Raises CommandFailed."""
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    run((docker(), "volume", "create", *marks, name), log)


def copy(source: str, target: str, log: Path, *, live: bool = False) -> None:
    """Give the volume `target` what `source` holds, which no engine may be using.

    `live`: it belongs to a server that was stopped; every other must be complete. Raises CommandFailed.
    """
    place = PurePosixPath(output((docker(), "volume", "inspect", "--format", "{{.Mountpoint}}", source)).strip())
    # one mount for both: no hard link crosses from one mount into another
    run(_shell(COPY, source, target, "live" if live else "stored",
               mounts=(f"{place.parents[1]}:/volumes",), directory="/volumes"), log)


def complete(name: str) -> None:
    """Mark a volume as filled."""
    run(_shell(f"sync -f . && touch {COMPLETE}", mounts=(f"{name}:/volume",)), log_file("volumes"))


def is_complete(name: str) -> bool:
    """Whether the volume was filled to its end."""
    try:
        run(_shell(f"test -f {COMPLETE}", mounts=(f"{name}:/volume:ro",)), log_file("volumes"))
    except LabError:
        return False
    return True


def write_notes(name: str, text: str) -> None:
    """Keep a text with the volume, readable for root alone."""
    run(_shell(f"umask 077 && cat > {NOTES}", mounts=(f"{name}:/volume",), interactive=True), log_file("volumes"),
        input=text.encode())


def read_notes(name: str) -> str:
    """The text that is kept with the volume. Raises CommandFailed when there is none."""
    return output(_shell(f"cat {NOTES}", mounts=(f"{name}:/volume:ro",)))


def exists(name: str) -> bool:
    """Whether the engine has a volume of this name."""
    return succeeds((docker(), "volume", "inspect", name))


def remove(name: str) -> bool:
    """Remove a volume; False when it is in use or was not there."""
    return succeeds((docker(), "volume", "rm", name), timeout_s=120)


def _shell(script: str, *words: str, mounts: tuple[str, ...], directory: str = "/volume",
           interactive: bool = False) -> tuple[str, ...]:
    # SYS_ADMIN: the layers carry trusted.* attributes, which cp leaves behind without it
    mounted = [word for mount in mounts for word in ("--volume", mount)]
    return (docker(), "run", "--rm", *(("--interactive",) if interactive else ()), "--label", f"{images.LABEL}=1",
            "--cap-add=SYS_ADMIN", "--network=none", *mounted, "--workdir", directory, "--entrypoint", "sh",
            container.server_image(), "-c", script, "sh", *words)
