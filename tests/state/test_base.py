"""Who holds a lease, as people read it and as it is written; and waiting for a value."""

from __future__ import annotations

import os

import pytest

from declarative.state.base import Holder, lease_held_error, lease_lost_error, lease_unknown_error, retry_until
from tests.state.samples import holder

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/calls",
    "GITHUB_RUN_ID": "77",
    "GITHUB_ACTOR": "ada",
}


@pytest.mark.parametrize(
    ("environment", "run"),
    [
        (GITHUB, "https://github.com/acme/calls/actions/runs/77"),
        ({**GITHUB, "GITHUB_RUN_ID": ""}, None),
        ({"CI_JOB_URL": "https://gitlab.com/acme/-/jobs/5"}, "https://gitlab.com/acme/-/jobs/5"),
        ({"BUILD_URL": "https://jenkins.example.com/job/calls/3/"}, "https://jenkins.example.com/job/calls/3/"),
        ({}, None),
    ],
)
def test_a_run_in_ci_tells_its_address(environment: dict[str, str], run: str | None) -> None:
    assert Holder.from_environment(environment).run == run


def test_this_process_says_who_it_is() -> None:
    first, second = Holder.from_environment({}), Holder.from_environment({})
    assert first.pid == os.getpid()
    assert first.who
    assert first.host
    assert first.id != second.id
    assert Holder.from_environment(GITHUB).who == "ada"


def test_a_holder_reads_back_as_it_was_written() -> None:
    for one in (holder(), holder(run="https://ci.example.com/1"), Holder.from_environment({})):
        assert Holder.from_json(one.to_json()) == one


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"id": "x", "since": 5}', b'{"since": "soon"}'])
def test_what_is_no_holder_is_none(text: bytes) -> None:
    assert Holder.from_json(text) is None


def test_a_holder_reads_as_a_sentence() -> None:
    assert str(holder()) == "ada on mill (process 7, since 2026-12-01 12:00:00 UTC)"
    assert str(holder(run="https://ci.example.com/1")).endswith("UTC, https://ci.example.com/1)")


@pytest.mark.parametrize(
    ("wait", "pauses"), [(0, []), (0.3, [0.3]), (1.2, [0.5, 0.5, 0.2])], ids=["no wait", "less than a pause", "pauses"]
)
def test_a_value_that_never_comes_is_waited_for_no_longer_than_asked(wait: float, pauses: list[float]) -> None:
    slept: list[float] = []
    assert retry_until(lambda: None, wait, slept.append) is None
    assert slept == pytest.approx(pauses)


def test_waiting_ends_with_the_first_value() -> None:
    values = iter([None, None, "value", None])
    slept: list[float] = []
    assert retry_until(lambda: next(values), 60, slept.append, pause=2) == "value"
    assert slept == [2, 2]


def test_an_error_of_a_lease_names_place_and_holder() -> None:
    assert lease_held_error("here", holder(), hint="wait").message == f"here is in use by {holder()}"
    assert "has not written its name yet" in lease_held_error("here", None, hint="wait").message
    assert "taken 12:00:00 UTC" in lease_lost_error("here", holder(), "it was broken").message
    assert lease_unknown_error("here", "x", None).message == "there is no lease x on here: no run holds it"
    assert "lease id-ada" in lease_unknown_error("here", "x", holder()).message


def test_a_user_name_that_is_no_utf_8_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "\udcff")
    assert Holder.from_json(Holder.from_environment({}).to_json()) is not None
