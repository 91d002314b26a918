"""A server restored from a snapshot is its own: keys, certificate, ports; and it serves with the data it was kept with."""

from __future__ import annotations

import hashlib
import ssl
import subprocess

from lab.instance import CERTIFICATES, CHECKOUT
from tests.lab_server import FIRST_RELEASE, Lab

COUNT = "docker exec gw2-staging-postgres-1 psql -XqAt -U postgres -d staging_db -c 'SELECT count(*) FROM users'"


def test_it_lets_nobody_in_but_the_holder_of_its_own_key(lab: Lab) -> None:
    authorized = lab.on_server("cat", "/home/deploy/.ssh/authorized_keys")
    assert authorized == lab.instance.address.public_key
    modes = lab.on_server("stat", "-c", "%a %U", "/home/deploy/.ssh", "/home/deploy/.ssh/authorized_keys")
    assert modes.splitlines() == ["700 deploy", "600 deploy"]


def test_it_is_known_by_its_own_host_key(lab: Lab) -> None:
    port = str(lab.instance.ports().ssh)
    offered = subprocess.run(("ssh-keyscan", "-p", port, "127.0.0.1"), text=True, capture_output=True, timeout=30).stdout
    keys = [line.split(maxsplit=1)[1] for line in offered.splitlines() if not line.startswith("#")]
    assert keys == [lab.instance.address.known_hosts.read_text().strip().split(maxsplit=1)[1]]


def test_nginx_serves_its_own_certificate(lab: Lab) -> None:
    own = ssl.PEM_cert_to_DER_cert((lab.instance.address.folder / "fullchain.pem").read_text())
    served = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", lab.instance.ports().https)))
    assert hashlib.sha256(served).hexdigest() == hashlib.sha256(own).hexdigest()
    assert lab.on_server("stat", "-c", "%a", f"{CERTIFICATES}/privkey.pem").strip() == "600"


def test_it_serves_the_release_and_the_data_it_was_kept_with(lab: Lab) -> None:
    assert (lab.serving()["status"], lab.serving()["version"]) == ("ok", FIRST_RELEASE)
    assert int(lab.on_server("sh", "-c", COUNT)) > 100
    assert lab.on_server("git", "-C", CHECKOUT, "status", "--porcelain", user="deploy") == ""
    assert len(lab.on_server("sh", "-c", "ls /backups/postgres/*.manifest.json").split()) == 2
