"""The lab's images: drop-in for the official ones, built once on this machine's engine and found again by content.

Every image is tagged twice: with the name the Compose file uses (`gw2-lab/postgres:15`) and with a hash of
everything that went into it (`gw2-lab/postgres:h-…`), so that a second call builds nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab import debian
from lab.engine import compose_plugin, docker
from lab.errors import CommandFailed
from lab.processes import log_file, output, pipe, root, run
from lab.progress import Progress

LABEL = "org.gw2.lab"
BASE_SETTING = "GW2_LAB_BASE"
LANES = 3  # one waits for the network or the disk while two compute
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PULL_TIMEOUT_S = 20


@dataclass(frozen=True)
class Image:
    """One image: `gw2-lab/<name>:<tag>`, made from `lab/dockerfiles/<name>` on top of `parent`.

    `bootstrap` names a Debian release (and packages) that is its base instead of another image of the lab.
    """

    name: str
    tag: str = "latest"
    parent: str = ""
    bootstrap: str = ""
    include: tuple[str, ...] = ()
    in_server: bool = True  # loaded into the engine of an instance

    @property
    def reference(self) -> str:
        return f"gw2-lab/{self.name}:{self.tag}"

    @property
    def folder(self) -> Path:
        return root() / "lab" / ("server" if self.name == "server" else f"dockerfiles/{self.name}")


IMAGES = (  # where several could be built next, the longest first
    Image("base", "bookworm", bootstrap=debian.RELEASE, include=("ca-certificates",), in_server=False),
    Image("nginx", bootstrap=debian.NGINX_RELEASE, include=("nginx-light", "ca-certificates", "gettext-base")),
    Image("server", parent="base", in_server=False),
    Image("monitoring", parent="base", in_server=False),
    Image("postgres", "15", parent="base"),
    Image("redis", "7", parent="base"),
    Image("python", "3.11", parent="base"),
    Image("node", parent="python"),
    *(Image(name, parent="monitoring") for name in ("prometheus", "alertmanager", "node-exporter", "postgres-exporter",
                                                    "redis-exporter", "nginx-exporter")),
)
# no lab of the first application is made of them, so only those who name them wait for them
BARE = Image("bare", parent="server", in_server=False)
DJANGO = Image("django", "3.2", parent="python", in_server=False)
# by their major version: Debian 12 has 15 alone, and wheels of the others are without ICU and extensions
OTHER_POSTGRES = {major: Image(f"postgres-{major}", parent="postgres", in_server=False) for major in (16, 18)} | {
    17: Image("postgres-17", parent="postgres", bootstrap=debian.COMPOSE_RELEASE,
              include=("postgresql-17", "gosu", "ca-certificates"), in_server=False)}
CADDY, IGZIP, PGBOUNCER, TRAEFIK = (Image(name, parent="base", in_server=False)
                                    for name in ("caddy", "igzip", "pgbouncer", "traefik"))
ON_DEMAND = (BARE, CADDY, DJANGO, IGZIP, PGBOUNCER, TRAEFIK, *OTHER_POSTGRES.values())


def by_name(name: str) -> Image:
    """The image called `name`; KeyError when there is none."""
    return {image.name: image for image in (*IMAGES, *ON_DEMAND)}[name]


def content_hash(image: Image) -> str:
    """Twelve hex digits over everything that goes into an image: its files, its base, this machine's CA bundle."""
    digest = hashlib.sha256(f"{image} {_extra_inputs(image.name)}".encode())
    if image.parent:
        digest.update(content_hash(by_name(image.parent)).encode())
    for path in sorted(path for path in image.folder.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(image.folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def built_reference(image: Image) -> str:
    """The name that pins an image to its content."""
    return f"gw2-lab/{image.name}:h-{content_hash(image)}"


def missing(*more: Image) -> list[Image]:
    """The images (and `more`) that this machine's engine does not hold in their present content, parents first."""
    held = set(output((docker(), "images", "--filter", f"label={LABEL}", "--format",
                       "{{.Repository}}:{{.Tag}}")).split())
    return [image for image in (*IMAGES, *more) if built_reference(image) not in held]


def ensure_images(*more: Image) -> None:
    """Build what is missing of a lab's images and of `more`, some at a time where one does not wait for the other."""
    todo = {image.name: image for image in missing(*more)}
    if not todo:
        return
    building: dict[Future[None], str] = {}
    with Progress("images", total=len(todo)) as progress, ThreadPoolExecutor(LANES) as lanes:
        while todo or building:
            for name, image in list(todo.items()):
                if len(building) < LANES and image.parent not in todo and image.parent not in building.values():
                    building[lanes.submit(_build, todo.pop(name), progress)] = name
            ended, _ = wait(building, return_when=FIRST_COMPLETED)
            for future in ended:
                building.pop(future)
                future.result()


def load_into(container: str, names: Collection[str]) -> None:
    """Load images into the engine inside `container`, all in one stream, so that shared layers travel once."""
    wanted = {built_reference(image): image.reference for image in (*IMAGES, *ON_DEMAND) if image.name in names}
    log = log_file(f"load-{container}-{len(wanted)}")
    pipe((docker(), "save", *wanted), (docker(), "exec", "-i", container, "docker", "load", "--quiet"), log)
    tags = "\n".join(f"{built} {plain}" for built, plain in wanted.items())
    run((docker(), "exec", "-i", container, "sh", "-c", "while read -r from to; do docker tag $from $to; done"), log,
        input=f"{tags}\n".encode())


def _build(image: Image, progress: Progress) -> None:
    log = log_file(f"image-{image.name}")
    log.unlink(missing_ok=True)
    base = _foundation(image, progress, log) if image.bootstrap else built_reference(by_name(image.parent))
    with progress.step(f"image {image.reference}"), tempfile.TemporaryDirectory(prefix="gw2-image-") as name:
        context = Path(name) / "context"
        shutil.copytree(image.folder, context)
        _add_generated_files(image, context)
        run((docker(), "build", "--force-rm", "--build-arg", f"BASE={base}", *_proxies(), "--label", f"{LABEL}=1",
             "--tag", built_reference(image), "--tag", image.reference, context), log)


def _foundation(image: Image, progress: Progress, log: Path) -> str:
    """A minimal Debian: the image that the setting names, the official one where a registry answers, or our own."""
    setting = os.environ.get(BASE_SETTING, "auto")
    if setting not in ("auto", "debootstrap"):
        return setting
    official = f"debian:{image.bootstrap}-slim"
    if setting == "auto":
        try:
            run((docker(), "pull", "--quiet", official), log, timeout_s=PULL_TIMEOUT_S)
            return official
        except CommandFailed:
            progress.say(f"no image registry answers: {image.bootstrap} is made from Debian's packages")
    tag = f"gw2-lab/bootstrap:{image.bootstrap}-{hashlib.sha256(repr(image.include).encode()).hexdigest()[:8]}"
    if not output((docker(), "images", "--quiet", tag)).strip():
        with progress.step(f"a minimal Debian {image.bootstrap}", counts=False):
            debian.bootstrap(image.bootstrap, image.include, docker(), tag, log)
    return tag


def _add_generated_files(image: Image, context: Path) -> None:
    if image.name == "base":
        etc = context / "etc"
        (etc / "apt" / "apt.conf.d").mkdir(parents=True)
        for path, text in _base_files().items():
            (etc / path).parent.mkdir(parents=True, exist_ok=True)
            (etc / path).write_text(text)
    if image.name == "server":
        shutil.copyfile(compose_plugin().resolve(), context / "docker-compose")
        for source in _server_settings():
            (context / source.parent.name).mkdir(exist_ok=True)
            shutil.copyfile(source, context / source.parent.name / source.name)


@cache
def _base_files() -> dict[str, str]:
    """Files under /etc that make apt, pip and npm work in the images as they do on this machine."""
    machine = debian.this_machine()
    files = {}
    if CA_BUNDLE.exists():
        files["ssl/certs/ca-certificates.crt"] = CA_BUNDLE.read_text()
    if machine.has_apt:
        files["apt/apt.conf.d/70machine"] = debian.acquire_settings()
    if machine.identity == "debian":
        own = {name.replace(machine.codename, debian.RELEASE, 1): uri for name, uri in debian.mirrors().items()}
        files["apt/sources.list"] = "".join(f"deb {uri} {name} main\n" for name, uri in own.items()
                                            if name.startswith(debian.RELEASE))
    return files


def _extra_inputs(name: str) -> str:
    if name == "base":
        return hashlib.sha256(repr(sorted(_base_files().items())).encode()).hexdigest()
    if name == "server":
        settings = [(path.name, path.read_text()) for path in _server_settings()]
        return f"{compose_plugin().resolve().stat().st_size} {settings}"
    return ""


def _server_settings() -> list[Path]:
    """The plan's own settings of a staging server: how sshd is hardened, how logs rotate."""
    folder = root() / "staging" / "server"
    return [*sorted(folder.glob("ssh/*.conf")), folder / "logrotate" / "gw2-wvwbuilder"]


def _proxies() -> list[str]:
    names = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return [word for name in names if name in os.environ for word in ("--build-arg", name)]
