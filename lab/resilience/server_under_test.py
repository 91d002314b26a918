"""What an instance shows independently of all runbooks: lock, live release, data, and anything left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.instance import CHECKOUT, Instance
from lab.processes import output, root
from lab.resilience.flaky_proxy import FlakyProxy

BACKUPS = "/backups/postgres"
LOCK = ("cd {0}/.runbook && for lock in lock jobs.lock; do [ ! -e $lock ] || flock -n $lock true || exit 0; done; "
        "echo free")
# as a supervisor restarts it: SIGTERM, started again a second later
RESTART_ENGINE = "kill -TERM $(cat /run/keep-dockerd.pid)"
REMOVE_IMAGES = ("docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -E '^gw2-(backend|frontend):' "
                 "| xargs -n 1 docker image rm 2>/dev/null; true")
COLOURS = "docker ps --filter name=-backend- --filter name=-frontend- --format '{{.Names}}'"
# disposable containers of the runbooks, and those of `compose run`
DISPOSABLE = ("docker ps --all --format '{{.Names}} {{.Label \"com.docker.compose.oneoff\"}} "
              "{{.Label \"com.docker.compose.project\"}}'")
# rows up to these existed before; a synthetic user's rows have higher ids
HIGHEST_IDS = r"""
SELECT format('SELECT %1$L, coalesce(max(id), 0) FROM %1$I', table_name) FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'id' ORDER BY 1 \gexec
"""


@dataclass(frozen=True)
class Data:
    """The tables at one moment: highest id, number of rows, and a hash of the rows."""

    tables: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    def lost_in(self, now: Data) -> list[str]:
        """Tables whose rows are missing or different now."""
        return [f"{name}: {before[1]} rows before, {now.tables.get(name, (0, 0, ''))[1]} now, or different contents"
                for name, before in self.tables.items() if now.tables.get(name) != before]


class ServerUnderTest:
    """An instance and a folder for the runs on it. The runbooks reach it through a proxy that can be cut."""

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance, self.folder = instance, folder
        self.outputs = folder / "runs"
        self.outputs.mkdir(parents=True, exist_ok=True)
        self.proxy = FlakyProxy("127.0.0.1", instance.ports().ssh)
        self.environment = str(self._environment())

    def shell(self, script: str, *, input: str | None = None, timeout_s: float = 120) -> str:
        """The output of a script on the server, run as root. Raises CommandFailed."""
        return output(self.instance.inside("sh", "-c", script), input=input, timeout_s=timeout_s)

    def lock_is_free(self) -> bool:
        """Whether no run holds the environment, and no job that outlived its run."""
        return self.shell(LOCK.format(CHECKOUT)).strip() == "free"

    def health(self) -> dict[str, Any]:
        """/health as users get it through nginx; empty when nothing answers."""
        reply = self.shell("curl -sk --max-time 20 https://127.0.0.1/health || true")
        try:
            document = json.loads(reply)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def is_available(self) -> bool:
        """Whether users reach the backend with its dependencies, and the frontend."""
        if self.health().get("status") != "ok":
            return False
        return "200" in self.shell("curl -sk --max-time 20 -o /dev/null -w '%{http_code}' https://127.0.0.1/ || true")

    def live_colour(self) -> str:
        """The colour that receives traffic."""
        text = self.shell(f"cat {CHECKOUT}/.runbook/upstreams/active.conf")
        return "blue" if "backend-blue:" in text else "green"

    def live_version(self) -> str:
        """The version of the live colour, by the server's own files."""
        name = f"{self.live_colour().upper()}_VERSION="
        lines = self.shell(f"cat {CHECKOUT}/.env").splitlines()
        return next((line.removeprefix(name) for line in lines if line.startswith(name)), "")

    def running_colours(self) -> set[str]:
        """Colours of which a container runs."""
        return {name.split("-")[-2] for name in self.shell(COLOURS).split()}

    def releases(self) -> list[dict[str, Any]]:
        """The lines of the release history."""
        return [json.loads(line) for line in self.shell(f"cat {CHECKOUT}/.runbook/releases.jsonl").splitlines()]

    def backups(self) -> set[str]:
        """The names of complete backups."""
        return set(self.shell(f"cd {BACKUPS} && ls | grep '\\.sql\\.gz$' || true").split())

    def leftovers(self) -> list[str]:
        """Partial files and disposable containers."""
        files = self.shell(f"find {BACKUPS} {CHECKOUT} -name '*.partial' -not -path '*/jobs/*' "
                           f"-o -name '.env.????????' -not -path '*/jobs/*' "
                           f"-o -path {CHECKOUT}/.git/index.lock").split()
        rows = [line.split(" ") for line in self.shell(DISPOSABLE).splitlines()]
        return files + [name for name, once, project in rows if once == "True" or not project]

    def data(self, since: Data | None = None) -> Data:
        """The tables now; with `since`, only the rows that existed then."""
        highest = {name: top for name, (top, _, _) in since.tables.items()} if since else self._highest_ids()
        # empty columns are left out: a migration may add some
        digest = "coalesce(sum(hashtextextended(jsonb_strip_nulls(to_jsonb(t))::text, 0)), 0)"
        queries = [f"SELECT '{name}', {top}, count(*), {digest} FROM {name} t WHERE id <= {top};"
                   for name, top in highest.items()]
        rows = [line.split("\t") for line in self.sql("\n".join(queries)).splitlines()]
        return Data({name: (int(top), int(count), digest) for name, top, count, digest in rows})

    def sql(self, text: str) -> str:
        """The rows of a script, columns separated by tabs, from psql in the database's container."""
        return self.shell("docker exec -i $(docker ps -q --filter label=com.docker.compose.service=postgres) "
                          "psql -XqAt -v ON_ERROR_STOP=1 -F '\t' -U staging_user staging_db", input=text)

    def _highest_ids(self) -> dict[str, int]:
        rows = (line.split("\t") for line in self.sql(HIGHEST_IDS).splitlines())
        return {name: int(top) for name, top in rows}

    def _environment(self) -> Path:
        """The instance's environment file with the proxy in between, and a short watch."""
        address = self.instance.address
        base = root() / "parameters/environments/lab.yaml" if address.name == "lab" else Path(address.environment)
        key = address.known_hosts.read_text().splitlines()[0].split(maxsplit=1)[1]
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.proxy.port} {key}\n")
        path = self.folder / "environment.yaml"
        path.write_text(yaml.safe_dump({
            "extends": str(base), "name": self.instance.name,
            "server": {"port": self.proxy.port, "known_hosts_file": "./known_hosts"},
            "rollback": {"watch_s": 10, "interval_s": 1},
        }))
        return path
