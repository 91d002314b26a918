"""One more container of a service, by `docker compose run`: which no proxy, scheduler or updater takes for the service.

Compose gives it the service's labels and variables, and those are what such programs go by.
"""

from __future__ import annotations

from runbook_lib.environment import Environment

# Sources: the manuals of Traefik, Ofelia, Watchtower, autoheal, deunhealth and SWAG's auto-proxy; those of nginx-proxy
# and its acme-companion, which pass over a container whose variables are empty
KEPT_AWAY = (
    *(word for label in ("traefik.enable=false", "ofelia.enabled=false", "com.centurylinklabs.watchtower.enable=false",
                         "autoheal=false", "deunhealth.restart.on.unhealthy=false", "swag=disable")
      for word in ("--label", label)),
    *(word for name in ("VIRTUAL_HOST", "VIRTUAL_HOST_MULTIPORTS", "LETSENCRYPT_HOST")
      for word in ("--env", f"{name}=")),
)


def one_off_words(environment: Environment, name: str, job: str) -> tuple[str, ...]:
    """The options of `docker compose run` for the container `name`, which is found again by project and `job`."""
    labels = (f"runbook.project={environment.project}", f"runbook.job={job}")
    return ("--no-deps", "-T", "--name", name, *(word for label in labels for word in ("--label", label)), *KEPT_AWAY)
