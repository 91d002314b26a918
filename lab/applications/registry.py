"""The applications of the lab by name: where each has its place on a server, and how it comes up there.

The first one is deployed by the runbooks themselves. Every other one is there before them, as people's own projects
are: cloned, started by its own `docker compose up`, and with data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import USAGE, LabError

SOURCES = Path(__file__).parent


@dataclass(frozen=True)
class Application:
    """An application of the lab.

    `environment` is the file of parameters/environments that describes its lab, and the instance that `-e` then means;
    `plan` is the one that names its secrets.
    `images` are those that its Compose files name, each with the one of the lab that stands for it. `start` and `seed`
    are what its owners type in its folder; without them nothing runs on a new server.
    """

    name: str
    environment: str
    plan: str
    public_name: str
    directory: str
    origin: str
    images: dict[str, str] = field(default_factory=dict)
    start: tuple[str, ...] = ()
    seed: tuple[str, ...] = ()

    @property
    def certificates(self) -> str:
        """The folder of the server with its certificate and key."""
        return f"/etc/letsencrypt/live/{self.public_name}"

    @property
    def sources(self) -> Path:
        """The folder that its repository is made of; the first one's has a module of its own (`lab/repository.py`)."""
        return SOURCES / self.name

    @property
    def releases(self) -> Path:
        """The folder of its further releases, each a patch on an earlier one; the first one's are in `lab/releases`."""
        return SOURCES / "releases" / self.name


FIRST = Application("gw2", "lab", "staging", "staging.gw2wvwbuilder.example.com", "/opt/gw2-wvwbuilder",
                    "/srv/git/gw2-wvwbuilder.git")
SHOP = Application(
    "shop", "shop", "shop", "shop.example.com", "/opt/shop", "/srv/git/shop.git",
    # a registry has them elsewhere
    images={"postgres:15": "postgres", "django:3.2": "django"},
    start=("docker", "compose", "up", "--detach", "--build", "--wait"),
    seed=("docker", "compose", "exec", "-T", "web", "python3", "manage.py", "seed"),
)
APPLICATIONS = {application.name: application for application in (FIRST, SHOP)}
ENVIRONMENTS = [application.environment for application in APPLICATIONS.values()]


def by_name(name: str) -> Application:
    """The application of that name. Raises LabError."""
    if name not in APPLICATIONS:
        raise LabError(f"There is no application {name!r}.", exit_code=USAGE,
                       next_step=f"choose one of {', '.join(APPLICATIONS)}")
    return APPLICATIONS[name]


def of_environment(name: str) -> Application:
    """The application whose environment has that name; the first one where none has."""
    return next((one for one in APPLICATIONS.values() if one.environment == name), FIRST)
