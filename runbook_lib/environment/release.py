"""What a release is made of, how one follows another, and what stands around it: proxy and monitoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from runbook_lib.environment.services import COLOURS, Service
from runbook_lib.environment.types import (
    AbsolutePath,
    ComposeName,
    Port,
    RelativePath,
    SecretName,
    StrictModel,
    Text,
    UrlPath,
)

# without a tag; a registry may have a port. Source: OCI distribution specification, names
ImageName = Annotated[str, StringConstraints(
    pattern=r"^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$", max_length=200)]


class ReleaseService(StrictModel):
    """One service that every release brings anew.

    `image` is its image without a tag: the tag is always the commit. It listens on `port`, if it listens at all, and is
    built from `folder` of the repository, which is called like the service unless it is named. `build_args` are those
    of `images` that its Dockerfile takes. With the strategy recreate an image is built as the Compose file says, and
    services may share one: a worker that is the same code.
    """

    image: ImageName
    port: Port | None = None
    folder: RelativePath | None = None
    build_args: tuple[SecretName, ...] = ()


class Job(StrictModel):
    """A service that runs once for each release and ends: it migrates, or makes what the others need.

    `image` is its image without a tag, where it runs the release's code: the tag is the commit. Without it the job runs
    the image that the Compose file names.
    """

    image: ImageName | None = None


class ReleaseRules(StrictModel):
    """What a release is made of, and how one follows another.

    `blue-green`: two releases run next to each other, each service as `<name>-blue` or `<name>-green`, and the proxy
    says which one has the traffic. `recreate`: each service has one container, which the next release replaces. `api`
    is the service that migrations run in, and that stands for the release; `page` the one that users see, if there is
    one. `writers` are what writes into the database, workers too: they are stopped while a restore swaps databases.
    Without a database there may be none. An `api` that is not among them says in `api_reads_only_reason` why it never
    writes. `candidates` are services of a release with the strategy recreate that may run a second time for a moment:
    each is tried next to the live one before that is replaced; one that migrates at its start only where nothing is
    pending. A worker that must be alone, or files that only one may write, are why there is none, and
    `no_candidate_reason` is the place to say so. `jobs`
    run once and end, in this order, before containers are replaced: what `docker compose up` waits for by
    `service_completed_successfully`.
    """

    strategy: Literal["blue-green", "recreate"] = "blue-green"
    services: dict[ComposeName, ReleaseService] = Field(default_factory=dict)
    api: ComposeName
    page: ComposeName | None = None
    writers: tuple[ComposeName, ...] = ()
    api_reads_only_reason: Text | None = None
    candidates: tuple[ComposeName, ...] = ()
    no_candidate_reason: Text | None = None
    jobs: dict[ComposeName, Job] = Field(default_factory=dict)

    @property
    def replaced(self) -> bool:
        """Whether a release replaces the previous one's containers, so that there are no colours."""
        return self.strategy == "recreate"

    def in_slot(self, name: str, colour: str) -> str:
        """What Compose calls a service in one colour; without colours, its own name."""
        return name if self.replaced else service_of_slot(name, colour)

    def folder_of(self, name: str) -> str:
        """The folder of the repository that the image of a service is built from."""
        return self.services[name].folder or name

    def image_of(self, name: str, commit: str) -> str:
        """The image of a service for one commit, with its tag."""
        return f"{self.services[name].image}:{commit}"

    def images_of(self, commit: str) -> frozenset[str]:
        """The images of all services for one commit."""
        return frozenset(self.image_of(name, commit) for name in self.services)


class PageFiles(StrictModel):
    """The page as it was built: files of the service `release.page`, or of `release.api` where there is none.

    `path` answers with `file` of the folder `root` in its container, from which `/` is served. The scripts and styles
    that the page names, and that are compared byte for byte, lie below `assets`. Where the application makes its page
    itself, or has none, leave it out; `without.page` may say why.
    """

    path: UrlPath = "/"
    root: AbsolutePath
    file: RelativePath = "index.html"
    assets: Annotated[UrlPath, StringConstraints(pattern=r"^/.*/$|^/$")] = "/assets/"


class Proxy(StrictModel):
    """What stands between users and the release, by the service that it runs in.

    `nginx-upstreams` is an nginx that includes a file of ours, which names a colour: the strategy blue-green needs
    this kind. `nginx` looks up the containers behind it when it loads its configuration: 20, 22 and 32 reload it
    once they have other addresses, and first ask whether it would take its files. `traefik` finds containers by their
    labels and follows them itself, as `other` does, whatever it is; neither needs a `service`, for it may be another
    project's. One more container of a release, for a migration or to try it, has `traefik.enable=false`. Without a kind
    an nginx that runs in the service is reloaded, and anything else is left alone.
    """

    service: ComposeName | None = None
    kind: Literal["nginx-upstreams", "nginx", "traefik", "other"] | None = None

    @property
    def may_be_nginx(self) -> bool:
        """Whether it may keep the addresses of the containers behind it."""
        return self.service is not None and self.kind not in ("traefik", "other")


class Monitoring(StrictModel):
    """The services of monitoring: where metrics are kept (Prometheus), what sends alerts (Alertmanager), if there is.

    An environment that has none leaves it out, and says why in `without.monitoring`.
    """

    metrics: ComposeName
    alerts: ComposeName | None = None


def service_of_slot(name: str, colour: str) -> str:
    """What Compose calls a service of a release in one colour: the only place that knows."""
    return f"{name}-{colour}"


def both_slots(names: Iterable[str]) -> tuple[str, ...]:
    """The services of both colours, the first colour's first."""
    return tuple(service_of_slot(name, colour) for colour in COLOURS for name in names)


def release_faults(release: ReleaseRules, services: Mapping[str, Service], data: Mapping[str, str],
                   images: Iterable[str]) -> list[str]:
    """What the release and the rest of the file do not agree on, by path; `data` has its data services by theirs."""
    named = {"release.services": tuple(release.services), "release.writers": release.writers}
    faults = [f"{path}: there is no service {name!r}" for path, names in named.items() for name in names
              if name not in services]
    # stopped for a restore, it could not be filled; and a release replaces no data
    faults += [f"{path}: {name} keeps the application's data" for path, names in named.items() for name in names
               if name in data.values() and not (name in services and services[name].coloured)]
    needed = {"services": "the services of a release"}
    needed |= {"writers": "what writes into the database"} if "database.service" in data else {}
    faults += [f"release.{part}: is missing; with the strategy {release.strategy}, name {what}"
               for part, what in needed.items() if not getattr(release, part)]
    ours = {"release.api": release.api, **({"release.page": release.page} if release.page else {})}
    faults += [f"{path}: {name} is not among release.services ({', '.join(release.services)})"
               for path, name in ours.items() if release.services and name not in release.services]
    faults += [*_api_writes(release), *_odd_candidates(release), *_odd_jobs(release, services)]
    return faults + _unlike_services(release, services) + _unusable_images(release, frozenset(images))


def _api_writes(release: ReleaseRules) -> list[str]:
    """An API that goes on writing while names are swapped loses what it writes, or keeps the old database busy."""
    if release.writers and release.api not in release.writers and release.api_reads_only_reason is None:
        return [f"release.writers: {release.api} (release.api) is not among them and would go on writing while a "
                "restore swaps databases; name it, or say in release.api_reads_only_reason why it never writes"]
    if release.api in release.writers and release.api_reads_only_reason is not None:
        return [f"release.api_reads_only_reason: {release.api} is among release.writers; leave one of them out"]
    return []


def _odd_candidates(release: ReleaseRules) -> list[str]:
    if (release.candidates or release.no_candidate_reason) and not release.replaced:
        return ["release.candidates: with the strategy blue-green a release is always tried next to the live one"]
    if release.candidates and release.no_candidate_reason:
        return ["release.no_candidate_reason: candidates are given as well; leave one of them out"]
    return [f"release.candidates: {name} is not among release.services ({', '.join(release.services)})"
            for name in release.candidates if name not in release.services]


def _odd_jobs(release: ReleaseRules, services: Mapping[str, Service]) -> list[str]:
    if release.jobs and not release.replaced:
        return ["release.jobs: with the strategy blue-green nothing runs them; migrations have a step of their own"]
    faults = [f"release.jobs.{name}: there is no service {name!r}" for name in release.jobs if name not in services]
    faults += [f"release.jobs.{name}: is among release.services too; leave one of them out"
               for name in release.jobs if name in release.services]
    # else its absence would be a fault, for ever
    return faults + [f"services.{name}.required: it runs once and ends (release.jobs); write required: false, and that "
                     "in absent_reason" for name in release.jobs if name in services and services[name].required]


def _unlike_services(release: ReleaseRules, services: Mapping[str, Service]) -> list[str]:
    coloured = [name for name, service in services.items() if service.coloured]
    if release.replaced:
        return [f"services.{name}.coloured: with release.strategy recreate there are no colours" for name in coloured]
    faults = [f"release.services.{name}: services.{name} has no colour; with the strategy blue-green it is coloured: "
              "true" for name in release.services if name in services and name not in coloured]
    faults += [f"release.services: services.{name} has a colour, and so belongs to a release: name it here"
               for name in coloured if name not in release.services]
    # two colours of it: the other one would write on
    return faults + [f"release.writers: {name} is not among release.services ({', '.join(release.services)})"
                     for name in release.writers if name in services and name not in release.services]


def _unusable_images(release: ReleaseRules, images: frozenset[str]) -> list[str]:
    faults = [f"release.services.{name}.build_args: {one} is not among the images"
              for name, service in release.services.items() for one in service.build_args if one not in images]
    if release.replaced:
        return faults
    faults += [f"release.services.{name}.port: is missing; the proxy sends users there"
               for name, service in release.services.items() if service.port is None]
    # two services of one image could not be distinguished on the server
    taken = [service.image for service in release.services.values()]
    return faults + [f"release.services.{name}.image: {image} is another service's as well"
                     for place, (name, image) in enumerate(zip(release.services, taken, strict=True))
                     if image in taken[:place]]


def proxy_faults(proxy: Proxy | None, release: ReleaseRules) -> list[str]:
    """What is wrong with the proxy: one of another kind than the strategy needs, or none where it needs one."""
    if proxy is None:
        return [] if release.replaced else [
            "proxy: is missing; with the strategy blue-green, name the service that sends users to a colour"]
    faults = []
    if proxy.service is None and proxy.kind not in ("traefik", "other"):
        faults.append("proxy.service: is missing; only with kind traefik or other may the proxy be another project's")
    if release.replaced and proxy.kind == "nginx-upstreams":
        faults.append("proxy.kind: nginx-upstreams sends users to a colour, and with the strategy recreate there is "
                      "none; an nginx of your own is nginx")
    if not release.replaced and proxy.kind not in (None, "nginx-upstreams"):
        faults.append(f"proxy.kind: {proxy.kind} sends users to no colour; with the strategy blue-green it is "
                      "nginx-upstreams")
    return faults
