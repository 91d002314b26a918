"""An application that is on the server before any runbook: its repository, and its own `docker compose up`."""

from __future__ import annotations

from lab import images
from lab.engine import docker
from lab.errors import CommandFailed, LabError
from lab.instance import Instance, down, up
from lab.processes import file_lock, log_file, output, run
from lab.progress import Progress

START_TIMEOUT_S = 400


def up_with_application(instance: Instance) -> str:
    """As `lab.instance.up`, and a new server has its application running. Raises LabError."""
    fresh = not instance.finished.exists()
    outcome = up(instance)
    if fresh:
        try:
            bring_up(instance)
        except BaseException:
            # half brought up it would be taken for what its owners have
            down(instance)
            raise
    return outcome


def bring_up(instance: Instance) -> None:
    """Start the instance's application as its owners do, with rows and files in it. The first one has runbooks for it.

    Raises LabError with the last words of what its owners would have seen.
    """
    application = instance.application
    if not application.start:
        return
    with Progress(f"{application.name} on {instance.name}", total=3) as progress:
        with progress.step("its images"), file_lock("images"):
            images.ensure_images(*(images.by_name(name) for name in application.images.values()))
            _load(instance)
        with progress.step(" ".join(application.start)):
            _type(instance, application.start)
        with progress.step("rows and files"):
            _type(instance, application.seed)


def _load(instance: Instance) -> None:
    held = output(instance.inside("docker", "images", "--format", "{{.Repository}}:{{.Tag}}")).split()
    wanted = {name: images.by_name(source) for name, source in instance.application.images.items()}
    lacking = [one.name for one in wanted.values() if images.built_reference(one) not in held]
    if lacking:
        images.load_into(instance.container, lacking)
    for name, one in wanted.items():
        run(instance.inside("docker", "tag", images.built_reference(one), name), log_file(f"up-{instance.name}"))


def _type(instance: Instance, words: tuple[str, ...]) -> None:
    place = ("--user", "deploy", "--workdir", instance.application.directory)
    try:
        run((docker(), "exec", *place, instance.container, *words), log_file(f"up-{instance.name}"),
            timeout_s=START_TIMEOUT_S)
    except CommandFailed as error:
        logs = "docker compose ps --all --format '{{.Name}}: {{.Status}}'; docker compose logs --tail 12 2>&1"
        shown = output((docker(), "exec", *place, instance.container, "sh", "-c", logs))
        raise LabError(f"{instance.application.name} did not come up on {instance.name}: {error}\n{shown}") from error
