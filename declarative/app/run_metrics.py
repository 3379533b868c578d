"""The metrics of `dialctl run`, for Prometheus. It needs the extra `dialctl[run]`."""

from __future__ import annotations

import logging
import time
from collections import Counter

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as CounterMetric

from declarative.app.run_round import Round, RoundOutcome, RunProject
from declarative.planning.decide import Verb

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900)
_REQUESTS = logging.getLogger("dialctl.steps")


class RunMetrics:
    """Counts what happens, project by project. No metric has a name of a person, a number or an address."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.people = self._gauge("people", "People by standing, as last read.", "project", "standing")
        self.outcomes = self._gauge("outcomes", "People by how their call ended.", "project", "outcome")
        self.blocks = self._gauge("blocks", "Addresses that are blocked, by reason.", "project", "reason")
        self.unsure = self._gauge("unsure", "Addresses at which an answer was lost and somebody is wanted.", "project")
        self.day = self._gauge("dials_of_day", "People called within 24 hours, at all replicas.", "project")
        self.limit = self._gauge("max_dials", "People who may be called within 24 hours.", "project")
        self.age = self._gauge("last_good_round_age_seconds", "Seconds since a round was last good.", "project")
        self.held = self._gauge("held_elsewhere", "1 where another run or replica works on it.", "project")
        self.valid = self._gauge("manifests_valid", "0 where the manifests were invalid in the last round.", "project")
        self.dials = self._counter("dials", "People in requests that call, from this replica.", "project")
        self.rounds = self._counter("rounds", "Rounds by how they ended.", "project", "outcome")
        self.requests = self._counter("provider_requests", "Requests to providers by status.", "status")
        self.seconds = Histogram(
            "dialctl_round_seconds", "Length of rounds.", ["project"], registry=self._registry, buckets=_BUCKETS
        )
        self._started = time.time()

    def render(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self._registry)

    def count_requests(self) -> None:
        """Count the requests of this process from now on, by the steps that they log."""
        _REQUESTS.addHandler(_RequestCounter(self.requests))
        _REQUESTS.setLevel(logging.DEBUG)

    def watch(self, project: RunProject) -> None:
        """Tell how long ago a round of a project was last good, at any time."""
        self.age.labels(project.name).set_function(lambda: time.time() - (project.last_good or self._started))

    def count_round(self, project: RunProject, result: Round, seconds: float) -> None:
        """Take what a round came to."""
        name = project.name
        self.watch(project)
        self.rounds.labels(name, result.outcome.value).inc()
        self.seconds.labels(name).observe(seconds)
        self.held.labels(name).set(result.outcome is RoundOutcome.HELD)
        self.valid.labels(name).set(result.outcome is not RoundOutcome.INVALID)
        if project.is_elsewhere:
            self._forget(name)
        if result.report is None:
            return
        self.day.labels(name).set(project.dials_of_day)
        self.limit.labels(name).set(project.max_dials)
        self.dials.labels(name).inc(_count_dials(result))
        self.unsure.labels(name).set(len(result.report.open_addresses))
        blocks = Counter(action.reason.value for action in result.report.plan.actions_with_verb(Verb.BLOCK))
        self._replace(self.blocks, name, blocks)
        if project.report is not None:
            standings, outcomes = Counter[str](), Counter[str]()
            for status in project.report.statuses:
                standings.update(status.standing)
                outcomes.update({outcome or "no word": count for outcome, count in status.outcomes.items()})
            self._replace(self.people, name, standings)
            self._replace(self.outcomes, name, outcomes)

    def _forget(self, project: str) -> None:
        """Drop what another replica knows better, so that nobody reads of it what was true once."""
        for gauge in (self.people, self.outcomes, self.blocks, self.unsure, self.day, self.limit):
            gauge.remove_by_labels({"project": project})

    def _replace(self, gauge: Gauge, project: str, counts: Counter[str]) -> None:
        """Set a gauge with one more label, and drop the values of that label that are gone."""
        gauge.remove_by_labels({"project": project})
        for label, count in counts.items():
            gauge.labels(project, label).set(count)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"dialctl_{name}", text, labels, registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> CounterMetric:
        return CounterMetric(f"dialctl_{name}", text, labels, registry=self._registry)


class _RequestCounter(logging.Handler):
    """Counts the steps that tell of a request: `http: METHOD PATH STATUS ...`."""

    def __init__(self, requests: CounterMetric) -> None:
        super().__init__(logging.DEBUG)
        self._requests = requests

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("http: ") and isinstance(record.args, tuple):
            status = next((str(value) for value in record.args if isinstance(value, int)), "no answer")
            self._requests.labels(status).inc()


def _count_dials(result: Round) -> int:
    assert result.report is not None
    return sum(
        count
        for address_result in result.report.results.values()
        for verb, count in address_result.submitted.items()
        if verb.dials
    )
