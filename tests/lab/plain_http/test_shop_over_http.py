"""The second application as many people have theirs: plain http on a published port, by its environment file alone.

The tests run in this order.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from runbook_lib.core.errors import FAILED, INCONCLUSIVE, PASSED
from tests.lab_server import Lab

# as its owners write them into their own .env
HTTP = "printf 'PORT=80\\nCERTIFICATES=\\n' >>.env && docker compose up --detach --wait"
TLS = ("the certificate is valid", "the certificate lasts", "legacy TLS disabled")
REASON = "a server in a closed network"
FLOW = [{"name": "open the page", "path": "/"}, {"name": "products", "path": "/api/products"}]
LOAD = {"rate_per_s": 2, "limit_per_s": 2, "users": 2, "limit_users": 2, "stages": 1, "stage_s": 10, "error_budget_percent": 20,
        "minimum_requests": 10, "flow": FLOW}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> str:
    """The shop's environment, where users come by http; and the shop is so."""
    lab.on_server("install", "-d", "-o", "deploy", "-m", "0700", "/backups/shop", "/backups/shop/database")
    lab.on_server("sh", "-c", f"cd /opt/shop && {HTTP}", user="deploy")
    path = tmp_path_factory.mktemp("environment") / "plain.yaml"
    public = {"url": "http://shop.example.com", "connect_to": f"127.0.0.1:{lab.instance.ports().http}", "ca_file": None, "no_tls_reason": REASON}
    path.write_text(yaml.safe_dump({
        "extends": lab.environment, "public": public, "load_test": {"target": lab.name, **LOAD}, "tuning": {"frontend": {"page": "/"}},
        "gate": {"page": {"path": "/", "texts": ["products"], "settle_s": 1}}}))
    return str(path)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outputs")


def run(lab: Lab, outputs: Path, notebook: str, environment: str, *words: str, codes: tuple[int, ...] = (PASSED,)) -> dict[str, str]:
    """What each check of the run has in its report."""
    done = lab.runbook("run", notebook, "-e", environment, *words, outputs=outputs)
    assert done.returncode in codes, done.stdout + done.stderr
    cases = ElementTree.parse(max(outputs.glob(f"*{notebook}/junit.xml"))).iter("testcase")
    return {case.get("name", ""): " ".join("".join(part.itertext()) + part.get("message", "") for part in case) for case in cases}


def apply(lab: Lab, outputs: Path, notebook: str, environment: str, *words: str, codes: tuple[int, ...] = (PASSED,)) -> dict[str, str]:
    return run(lab, outputs, notebook, environment, *words, "--apply", "--confirm", lab.name, "--reason", "a test", codes=codes)


def test_a_preflight_asks_nothing_of_a_certificate_and_says_why(lab: Lab, outputs: Path, environment: str) -> None:
    found = run(lab, outputs, "10_preflight", environment, "-p", "ref=v1.1.0", codes=(PASSED, FAILED))
    assert {name: found[name] for name in TLS} == dict.fromkeys(TLS, found[TLS[0]])
    assert REASON in found[TLS[0]]


def test_a_release_is_deployed_verified_and_rolled_back_over_http(lab: Lab, outputs: Path, environment: str) -> None:
    # a busy machine is slow: what it measures of speed says nothing about the runbooks
    apply(lab, outputs, "20_deploy", environment, "-p", "ref=v1.1.0", "-p", "watch_s=8", codes=(PASSED, INCONCLUSIVE))
    found = run(lab, outputs, "21_verify", environment, "-p", "watch_s=6", codes=(PASSED, FAILED, INCONCLUSIVE))
    assert found["/status/ answers"] == found["/ answers"] == ""
    assert '"version": "v1.1.0"' in lab.on_server("cat", "/opt/shop/.runbook/releases.jsonl").splitlines()[-1]
    apply(lab, outputs, "22_rollback", environment, "-p", "to=as-found")
    assert lab.on_server("docker", "port", "shop-web", "8443").startswith("0.0.0.0:80")


def test_health_and_overview_have_no_certificate_that_could_fail(lab: Lab, outputs: Path, environment: str) -> None:
    found = run(lab, outputs, "40_health", environment, codes=(PASSED, FAILED, INCONCLUSIVE))
    assert REASON in found[TLS[0]]
    assert "/status/ answers" in found and found["/status/ answers"] == ""
    run(lab, outputs, "00_start_here", environment, codes=(PASSED, FAILED))
    assert REASON in max(outputs.glob("*00_start_here/report.html")).read_text()
    assert lab.runbook("doctor", "-e", environment, "-n", "20", outputs=outputs).returncode == PASSED


def test_a_load_is_sent_and_a_client_served_over_http(lab: Lab, outputs: Path, environment: str) -> None:
    """The shop names no commit in any reply: that the address is this server's is known by its name."""
    found = apply(lab, outputs, "60_load_test", environment, codes=(PASSED, FAILED, INCONCLUSIVE))
    assert found["the public address leads to this server"] == found["what the flows made is removed"] == ""
    found = run(lab, outputs, "62_tuning_review", environment, codes=(PASSED, FAILED, INCONCLUSIVE))
    assert "no Cache-Control" in found["the page is asked for again"]
    found = run(lab, outputs, "40_health", environment, codes=(PASSED, FAILED, INCONCLUSIVE))
    assert found["the page shows what it should"] == ""
