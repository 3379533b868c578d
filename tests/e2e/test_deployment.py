"""The container, the Kubernetes and Compose examples, and the operator's page: as far as they can be checked here."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any

import click
import kubernetes_validate
import orjson
import pytest
import yaml

from declarative.app.reasons import REASONS
from declarative.app.run_metrics import RunMetrics
from declarative.cli.main import dialctl
from tests.command import ROOT

from .cli_project import EXAMPLES

KUBERNETES = EXAMPLES / "kubernetes"
NEWEST = "1.34"
PAGE = EXAMPLES / "operating" / "README.md"
_KINDS_OF_OTHERS = ("ServiceMonitor", "PrometheusRule", "Kustomization")


def documents() -> list[dict[str, Any]]:
    files = sorted(KUBERNETES.glob("*.yaml"))
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def one(kind: str) -> dict[str, Any]:
    (found,) = (document for document in documents() if document["kind"] == kind)
    return found


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document["kind"]))
def test_manifests_follow_the_published_schemas(document: dict[str, Any]) -> None:
    if document["kind"] in _KINDS_OF_OTHERS:
        return
    kubernetes_validate.validate(document, NEWEST, strict=True)


def test_every_file_is_applied() -> None:
    listed = {*one("Kustomization")["resources"], "kustomization.yaml"}
    assert {file.name for file in KUBERNETES.glob("*.yaml")} == listed


def containers() -> list[dict[str, Any]]:
    spec = one("Deployment")["spec"]["template"]["spec"]
    return [*spec["initContainers"], *spec["containers"]]


def test_no_container_can_write_its_own_files_or_gain_rights() -> None:
    spec = one("Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
    for container in containers():
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}


def test_secrets_are_referenced_and_each_container_has_only_its_own() -> None:
    sync, run = containers()
    for container in (sync, run):
        for variable in container["env"]:
            is_secret = re.search(r"PASSWORD|KEY|USER", variable["name"])
            assert bool(is_secret) == ("secretKeyRef" in variable.get("valueFrom", {}))
    assert not [variable for variable in sync["env"] if variable["name"].startswith(("CARTESIA", "PG", "DIALCTL"))]
    (checkout,) = (mount for mount in run["volumeMounts"] if mount["name"] == "git")
    assert checkout["readOnly"] is True


def parse(arguments: list[str]) -> click.Context:
    """Parse the arguments of a container as dialctl does. Raises click.UsageError."""
    name, *rest = arguments
    command = dialctl.get_command(click.Context(dialctl), name)
    assert command is not None
    return command.make_context(name, rest)


def test_the_containers_run_what_dialctl_understands() -> None:
    compose = yaml.safe_load((EXAMPLES / "compose" / "compose.yaml").read_text())["services"]["dialctl"]
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (command,) = (orjson.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD "))
    for arguments in (containers()[1]["args"], compose["command"], command):
        parsed = parse(arguments)
        assert parsed.params["metrics"] == ("0.0.0.0", 9464)
        assert parsed.params["log"] == "json"
    assert compose["read_only"] is True
    assert compose["ports"] == ["127.0.0.1:9464:9464"], "the report has no login"


def test_the_image_is_built_of_what_there_is_and_runs_as_nobody() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    instructions = [shlex.split(line) for line in text.splitlines() if line[:1].isupper()]
    ignored = (ROOT / ".dockerignore").read_text()
    sources = {word for name, *words in instructions if name == "COPY" for word in words[:-1]}
    for source in sources - {"--from=build", "/opt/dialctl"}:
        assert (ROOT / source).exists(), source
        assert f"!{source}\n" in ignored
    assert ["USER", "10001:10001"] in instructions
    assert sum(words[1].startswith("python:") for words in instructions if words[0] == "FROM") == 2


def test_probes_and_monitor_ask_for_what_is_served() -> None:
    run = containers()[1]
    assert run["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert run["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert one("ServiceMonitor")["spec"]["endpoints"][0]["path"] == "/metrics"
    labels = one("Service")["metadata"]["labels"]
    assert one("ServiceMonitor")["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_alerts_and_page_name_metrics_that_exist() -> None:
    served = set(re.findall(r"^# HELP (\w+)", RunMetrics().render().decode(), re.MULTILINE))
    rules = (KUBERNETES / "monitor.yaml").read_text()
    page = PAGE.read_text()
    for text in (rules, page):
        assert set(re.findall(r"\bdialctl_\w+", text)) <= served
    alerts = re.findall(r"alert: (\w+)", rules)
    assert alerts
    for alert in alerts:
        assert f"**{alert}" in page


def block_reasons() -> list[str]:
    """Every reason that the page must tell a way out of: those of DESIGN's table, as the plan knows them."""
    blocking = (
        "lost members_unreadable not_read being_applied no_memory other_lineage lock_is_older manifests_are_older "
        "cancelled_elsewhere looks_renamed mark_lost provider_changed missing_reference released "
        "no_sandbox halted unsure"
    )
    reasons = blocking.split()
    assert set(reasons) <= set(REASONS)
    return reasons


def test_the_page_tells_the_way_out_of_every_block() -> None:
    rows = [f"| `{name}` | {REASONS[name].meaning} | {REASONS[name].way_out} |" for name in block_reasons()]
    table = "\n".join(["| reason | what was found | what to do |", "| --- | --- | --- |", *rows])
    page = PAGE.read_text()
    pattern = re.compile(r"(<!-- reasons: .*? -->\n).*?(<!-- /reasons -->)", re.DOTALL)
    wanted = pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)
    if os.environ.get("DIALCTL_WRITE_DOCS"):
        PAGE.write_text(wanted)
        return
    assert page == wanted, "the page is stale: DIALCTL_WRITE_DOCS=1 pytest tests/e2e/test_deployment.py"
