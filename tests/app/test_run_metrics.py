"""What Prometheus reads of a run."""

from __future__ import annotations

import logging

from prometheus_client.parser import text_string_to_metric_families

from declarative.app.run_metrics import RunMetrics
from tests.app.running import PROJECT, make_project, run_round
from tests.project_fixture import ADA, BEN, CAY, ProjectFixture


def read(metrics: RunMetrics) -> dict[tuple[str, ...], float]:
    """Sample name and sorted label values to value."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket"))
    }


def test_metrics_follow_the_rounds(project: ProjectFixture) -> None:
    project.write(project_yaml=PROJECT)
    running, metrics = make_project(project), RunMetrics()
    metrics.count_round(running, run_round(running), 0.5)
    values = read(metrics)
    assert values["dialctl_people", "spring", "waiting"] == 2
    assert values["dialctl_dials_total", "spring"] == 2
    assert values["dialctl_dials_of_day", "spring"] == 2
    assert values["dialctl_max_dials", "spring"] == 3
    assert values["dialctl_rounds_total", "good", "spring"] == 1
    assert values["dialctl_manifests_valid", "spring"] == 1
    assert 0 <= values["dialctl_last_good_round_age_seconds", "spring"] < 60
    with project.world() as world:
        world.advance(3600)
    metrics.count_round(running, run_round(running), 0.5)
    values = read(metrics)
    assert ("dialctl_people", "spring", "waiting") not in values
    assert values["dialctl_people", "dialed", "spring"] == 2
    assert sum(count for (name, *_), count in values.items() if name == "dialctl_outcomes") == 2
    assert values["dialctl_dials_total", "spring"] == 2
    assert values["dialctl_round_seconds_count", "spring"] == 2
    project.write(batch_yaml="nonsense")
    metrics.count_round(running, run_round(running), 0.5)
    assert read(metrics)["dialctl_manifests_valid", "spring"] == 0


def test_a_block_is_counted_by_its_reason_until_it_is_gone(project: ProjectFixture) -> None:
    project.write(project_yaml=PROJECT)
    running, metrics = make_project(project), RunMetrics()
    metrics.count_round(running, run_round(running), 0.5)
    batch = (project.root / "batch.yaml").read_text()
    project.write(batch_yaml=batch.replace("outreach", "renamed"))
    metrics.count_round(running, run_round(running), 0.5)
    assert read(metrics)["dialctl_blocks", "looks_renamed", "spring"] == 2
    project.write(batch_yaml=batch)
    metrics.count_round(running, run_round(running), 0.5)
    assert ("dialctl_blocks", "looks_renamed", "spring") not in read(metrics)
    assert {ADA, BEN, CAY}.isdisjoint(metrics.render().decode().split())


def test_a_replica_that_waits_tells_nothing_that_another_knows_better(project: ProjectFixture) -> None:
    project.write(project_yaml=PROJECT)
    first, second = make_project(project, takes_turns=True), make_project(project, takes_turns=True)
    metrics = RunMetrics()
    metrics.count_round(second, run_round(second), 0.5)
    assert read(metrics)["dialctl_people", "spring", "waiting"] == 2
    second.leave()
    run_round(first)
    metrics.count_round(second, run_round(second), 0.5)
    values = read(metrics)
    told = {name for name, *labels in values if "spring" in labels}
    assert not told & {"dialctl_people", "dialctl_unsure", "dialctl_dials_of_day", "dialctl_max_dials"}
    assert values["dialctl_held_elsewhere", "spring"] == 1
    assert values["dialctl_rounds_total", "held", "spring"] == 1
    assert values["dialctl_manifests_valid", "spring"] == 1
    assert values["dialctl_dials_total", "spring"] == 2, "what this replica did stays counted"


def test_requests_are_counted_by_status() -> None:
    metrics = RunMetrics()
    steps = logging.getLogger("dialctl.steps")
    before, level = list(steps.handlers), steps.level
    try:
        metrics.count_requests()
        steps.debug("http: %s %s %d %s %s", "GET", "/calls", 503, "3 ms", "")
        steps.debug("http: %s %s no answer %s %s", "GET", "/calls", "3 ms", "reset")
        steps.debug("send: %s", "submit")
    finally:
        steps.handlers[:] = before
        steps.setLevel(level)
    values = read(metrics)
    assert values["dialctl_provider_requests_total", "503"] == 1
    assert values["dialctl_provider_requests_total", "no answer"] == 1
