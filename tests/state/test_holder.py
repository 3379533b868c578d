"""Who holds a lease, as people read it and as it is written."""

from __future__ import annotations

import os

import pytest

from declarative.state.base import Holder
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
    here, again = Holder.from_environment({}), Holder.from_environment({})
    assert here.pid == os.getpid()
    assert here.who
    assert here.host
    assert here.id != again.id
    assert Holder.from_environment(GITHUB).who == "ada"


def test_a_holder_reads_back_as_it_was_written() -> None:
    for one in (holder(), holder(run="https://ci.example.com/1"), Holder.from_environment({})):
        assert Holder.from_json(one.to_json()) == one


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"id": "x", "since": 5}', b'{"since": "soon"}'])
def test_what_is_no_holder_is_none(text: bytes) -> None:
    assert Holder.from_json(text) is None
