"""Two providers in one plan and one apply: what befalls one never stops the other, and the report and the
exit code name both."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from .cli_project import CliProject, numbers
from .manifests import CALLINGBOX, batch_yaml, project_yaml

OFFER, TICKETS = numbers(617, 3), numbers(312, 3)


@pytest.fixture
def both(served_project: CliProject) -> CliProject:
    served_project.write("project.yaml", project_yaml())
    served_project.write("offer.yaml", batch_yaml("offer", OFFER))
    served_project.write("tickets.yaml", batch_yaml("tickets", TICKETS, **CALLINGBOX, pace={"calls_per_second": 50}))
    served_project.run("state", "new")
    return served_project


def outcomes(report: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {one["address"]: (one["outcome"], one["people_done"]) for one in report["actions"]}


def test_both_are_called_by_one_apply(both: CliProject) -> None:
    assert both.plan().verbs == {"create batch/offer": ("new", 3), "create batch/tickets": ("new", 3)}
    report = both.apply("--json").json
    assert outcomes(report) == {"batch/offer": ("done", 3), "batch/tickets": ("done", 3)}
    both.advance(600)
    assert both.calls() == dict.fromkeys([*OFFER, *TICKETS], 1)
    both.plan("--detailed-exitcode")


def test_without_a_key_for_one_the_other_goes_on(both: CliProject) -> None:
    key = both.environment.pop("CALLINGBOX_API_KEY")
    planned = both.plan(exits=1)
    assert planned.verbs == {"create batch/offer": ("new", 3), "block batch/tickets": ("not_read", 3)}
    assert "CALLINGBOX_API_KEY" in next(a["detail"] for a in planned.json["actions"] if a["verb"] == "block")
    report = both.apply("--json", exits=1).json
    assert outcomes(report) == {"batch/offer": ("done", 3), "batch/tickets": ("blocked", 0)}
    both.environment["CALLINGBOX_API_KEY"] = key
    both.apply()
    both.advance(600)
    assert both.calls() == dict.fromkeys([*OFFER, *TICKETS], 1)


def test_with_one_down_the_other_goes_on(both: CliProject) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refuses connections
        up, both.environment["CARTESIA_BASE_URL"] = (
            both.environment["CARTESIA_BASE_URL"],
            f"http://127.0.0.1:{nobody.getsockname()[1]}",
        )
        report = both.apply("--json", exits=1).json
    assert outcomes(report) == {"batch/offer": ("blocked", 0), "batch/tickets": ("done", 3)}
    both.environment["CARTESIA_BASE_URL"] = up
    both.apply()
    both.advance(600)
    assert both.calls() == dict.fromkeys([*OFFER, *TICKETS], 1)


def test_with_one_out_of_funds_the_other_goes_on_and_the_rest_is_left(both: CliProject) -> None:
    both.limits(balance_cents=700)  # a call holds 300
    ran = both.apply(exits=1)
    assert "stopped, out of funds" in ran.out
    assert "1 person left for the next run" in ran.out
    both.advance(600)
    assert sum(both.calls()[number] for number in TICKETS) == 2
    assert sum(both.calls()[number] for number in OFFER) == 3

    assert both.plan("--detailed-exitcode", exits=2).verbs == {"create batch/tickets": ("new", 1)}
    both.limits(balance_cents=100_000)
    both.apply()
    both.advance(600)
    assert both.calls() == dict.fromkeys([*OFFER, *TICKETS], 1)


def test_a_key_that_one_refuses_stops_that_one_alone(both: CliProject) -> None:
    both.environment["CALLINGBOX_API_KEY"] = "sk_revoked"
    report = both.apply("--json", exits=1).json
    assert outcomes(report) == {"batch/offer": ("done", 3), "batch/tickets": ("blocked", 0)}
    assert "sk_revoked" not in str(report)


def test_status_and_results_of_the_one_that_answers(both: CliProject) -> None:
    both.apply()
    both.advance(600)
    del both.environment["CALLINGBOX_API_KEY"]
    told = {one["address"]: one for one in both.run("status", "--json", exits=1).json["resources"]}
    assert told["batch/offer"]["standing"] == {"dialed": 3}
    assert told["batch/tickets"]["block"]["reason"] == "not_read"
    rows = both.run_unchecked("results", "--show-numbers", "--format", "csv")
    assert all(number in rows.out for number in OFFER)
    assert "unsubmitted" not in rows.out


def test_drift_cannot_say_that_nothing_changed_where_it_could_not_look(both: CliProject) -> None:
    del both.environment["CALLINGBOX_API_KEY"]
    assert "CALLINGBOX_API_KEY" in both.run("drift", exits=1).text


@pytest.mark.parametrize("gone", ["the key", "the provider"])
def test_what_is_forgotten_needs_no_provider(served_project: CliProject, gone: str) -> None:
    """A campaign that is over and removed leaves a tombstone: nothing is asked about it, and nothing fails for it. Only
    who asks for everybody who was called is told what could not be read."""
    served_project.write("project.yaml", project_yaml(providers={"eu": {"type": "callingbox"}}))
    served_project.write("offer.yaml", batch_yaml("offer", OFFER))
    served_project.write(
        "tickets.yaml",
        batch_yaml("tickets", TICKETS, **{**CALLINGBOX, "provider": "eu"}, pace={"calls_per_second": 50}),
    )
    served_project.run("state", "new")
    served_project.apply()
    served_project.advance(600)
    (served_project.directory / "tickets.yaml").unlink()
    assert served_project.plan().verbs == {"forget batch/tickets": ("over", 3)}
    served_project.apply()
    if gone == "the key":
        del served_project.environment["CALLINGBOX_API_KEY"]
    else:
        served_project.write("project.yaml", project_yaml())
    assert served_project.plan("--detailed-exitcode").verbs == {}
    served_project.apply()
    served_project.run("drift")
    served_project.run("results", "batch/offer")
    assert "batch/tickets: no results: " in served_project.run("results", exits=1).text
    assert "batch/tickets · over, and its manifest is removed" in served_project.run("status").out
    served_project.write("tickets.yaml", batch_yaml("tickets", TICKETS, **CALLINGBOX))
    assert served_project.plan(exits=1).verbs["block batch/tickets"][1] == 3
