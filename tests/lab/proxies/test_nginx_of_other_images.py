"""An nginx that its image starts with a file of its own, as SWAG and other images of linuxserver.io do: `nginx -s reload` alone fails."""

from __future__ import annotations

from runbook_lib.platform.plans.nginx import follow_restarted, try_proxy
from tests.lab.proxies.conftest import Project

SWAG = """
    image: gw2-lab/nginx:latest
    ports: ["127.0.0.1::80"]
    volumes: ["./config:/config"]
    entrypoint: [nginx, -c, /config/nginx.conf, -g, "daemon off; worker_processes 1;"]
    command: []
    depends_on: {web: {condition: service_healthy}}
"""
CONFIGURATION = """pid /config/own.pid;
events {}
http { server { listen 80; location / { proxy_pass http://web:8000; } } }
"""


def test_it_follows_containers_and_its_own_file_is_the_one_that_is_tried(project: Project) -> None:
    """Users were sent to addresses of containers that are gone, so that every release was undone."""
    (project.folder / "config").mkdir()
    (project.folder / "config/nginx.conf").write_text(CONFIGURATION)
    project.write(SWAG)
    project.compose("up", "--detach", "--wait")
    project.until(lambda: project.ask()[0] == 200, "the project does not come up")
    environment = project.environment({"service": "entrance", "kind": "nginx"})
    step, = try_proxy(environment)
    assert not project.act(*step.actions)
    before = project.address("web")
    project.compose("stop", "web")
    project.compose("run", "--detach", "--no-deps", "worker", "sleep", "600")  # another container takes the address meanwhile
    project.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "web")
    assert project.address("web") != before
    assert project.ask()[1] != project.container("web")[:12]
    assert not project.act(*follow_restarted(environment))
    assert project.ask() == (200, project.container("web")[:12])
    with (project.folder / "config/nginx.conf").open("a") as file:
        file.write("nonsense;\n")
    failed = project.act(*step.actions)
    assert failed is not None and "/config/nginx.conf" in failed.stderr
    assert not project.act(*follow_restarted(environment)) and project.ask()[0] == 200
