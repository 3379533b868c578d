"""What a document becomes: defaults, routes, one form for each value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from declarative.model.digest import json_digest
from declarative.model.policy import Retry
from declarative.model.resource import Kind, Route

from .mistakes import Mistake, find_problem
from .project_fixture import CALL_HEAD, HEAD, PERSON, PROJECT, REFERENCE, ProjectFolder


def test_the_example_of_the_reference_loads(folder: ProjectFolder) -> None:
    folder.put({"campaign.yaml": REFERENCE})
    folder.put({"recipients.csv": "phone,customer_id,plan,notes\n+14155550102,cust_7,pro,private\n"})
    desired = folder.load()
    assert desired.is_complete
    assert (desired.project.name, desired.project.declared) == ("spring-campaigns", True)
    assert list(desired.resources) == ["batch/march-outreach", "call/callback-ada"]
    batch, call = desired.resources.values()
    assert batch.settings == {
        "agent_id": "agent_Fo7pKNBUwLZxrTd6jvhpaE",
        "from_number_id": "ap_Q8PRh7lXyZsawXJmN2KcT5",
        "target_concurrency_limit": 10,
        "ringing_timeout_seconds": 30,
        "max_call_duration_minutes": 15,
        "scheduled_at": "2026-12-01T16:00:00Z",
    }
    assert batch.settings_digest == json_digest(batch.settings)
    assert batch.retry == Retry(2, frozenset({"dial_no_answer", "dial_busy"}), timedelta(hours=4))
    assert (batch.display_name, batch.route, batch.kind) == ("March outreach", Route.BATCH, Kind.BATCH)
    assert (batch.also, batch.previously) == (("acb_PDWFN995PzAudChwFDqVZ2",), ("batch/march",))
    assert batch.expires_at == datetime(2026, 12, 8, tzinfo=UTC)
    assert batch.recipients.frame.rows() == [
        ("+14155550123", '{"metadata":{"customer_id":"cust_123"}}'),
        ("+14155550102", '{"metadata":{"customer_id":"cust_7","plan":"pro"}}'),
    ]
    assert call.route is Route.CALL
    assert call.settings == {"agent_id": "agent_Fo7p", "from_number_id": "ap_Q8PR"}
    assert call.recipients.frame.rows() == [("+14155550101", '{"metadata":{"customer_id":"cust_456"}}')]


def test_a_resource_wins_over_its_provider_which_wins_over_the_project(folder: ProjectFolder) -> None:
    project = PROJECT.replace(
        "agent_id: agent_1, from_number_id: ap_1}}\n    newer",
        "agent_id: agent_1, from_number_id: ap_1, expires_at: 2026-02-02T00:00:00Z}}\n    newer",
        1,
    ).replace("provider: cartesia}", "provider: cartesia, expires_at: 2026-01-01T00:00:00Z}")
    project = project.replace("newer: {type", "plain: {type: cartesia}\n    newer: {type")
    plain = HEAD.replace("name: b", "name: p") + f"  provider: plain\n  agent_id: x\n  from_number_id: y\n{PERSON}"
    folder.put({"project.yaml": project, "b.yaml": f"{HEAD}  agent_id: mine\n{PERSON}", "p.yaml": plain})
    resources = folder.load().resources
    assert resources["batch/b"].settings == {"agent_id": "mine", "from_number_id": "ap_1"}
    assert resources["batch/b"].expires_at == datetime(2026, 2, 2, tzinfo=UTC)
    assert resources["batch/p"].expires_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_default_that_a_kind_does_not_take_is_left_out_there(folder: ProjectFolder) -> None:
    project = PROJECT.replace("from_number_id: ap_1}", "from_number_id: ap_1, target_concurrency_limit: 4}", 1)
    folder.put({"project.yaml": project, "b.yaml": HEAD + PERSON})
    folder.put({"c.yaml": f"{CALL_HEAD}  to_number: +14155550101\n"})
    resources = folder.load().resources
    assert resources["batch/b"].settings["target_concurrency_limit"] == 4
    assert "target_concurrency_limit" not in resources["call/c"].settings


def test_a_whole_number_is_the_same_with_and_without_a_decimal_point(folder: ProjectFolder) -> None:
    plain, pointed = (folder.batch(f"  target_concurrency_limit: {limit}\n{PERSON}") for limit in ("10", "10.0"))
    assert (pointed.settings, pointed.settings_digest) == (plain.settings, plain.settings_digest)
    assert str(pointed.settings["target_concurrency_limit"]) == "10"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("2026-12-01T16:00:00+00:00", "2026-12-01T16:00:00Z"),
        ("2026-12-01t18:00:00+02:00", "2026-12-01T16:00:00Z"),
        ("2026-12-01T15:59:59.001z", "2026-12-01T16:00:00Z"),
        ('"2026-12-01T11:00:00-05:00"', "2026-12-01T16:00:00Z"),
    ],
)
def test_a_moment_has_one_form(folder: ProjectFolder, written: str, normal: str) -> None:
    batch = folder.batch(f"  scheduled_at: {written}\n{PERSON}")
    assert batch.settings["scheduled_at"] == normal
    assert batch.scheduled_at == datetime(2026, 12, 1, 16, tzinfo=UTC)


def test_a_call_by_batch_can_be_scheduled(folder: ProjectFolder) -> None:
    spec = "  to_number: +14155550101\n  via: batch\n  scheduled_at: 2026-12-01T16:00:00Z\n  metadata: {a: b}\n"
    call = folder.call(spec)
    assert (call.kind, call.route, call.recipients.count) == (Kind.CALL, Route.BATCH, 1)
    assert call.settings["scheduled_at"] == "2026-12-01T16:00:00Z"


def test_callingbox_takes_its_own_fields(folder: ProjectFolder) -> None:
    spec = "  provider: callingbox\n  to_number: +14155550101\n  from_number: +14155550100\n"
    call = folder.call(spec + "  instructions: Be kind\n  context: {plan: {tier: 1}}\n  metadata: {}\n")
    assert call.settings["instructions"] == "Be kind"
    assert call.recipients.frame.item(0, "payload") == '{"context":{"plan":{"tier":1}}}'


def test_a_cancelled_resource_is_paused(folder: ProjectFolder) -> None:
    assert folder.batch(f"  state: cancelled\n{PERSON}").paused


def test_display_name_is_the_name_unless_given(folder: ProjectFolder) -> None:
    assert folder.batch(PERSON).display_name == "b"


def test_data_keeps_its_types(folder: ProjectFolder) -> None:
    batch = folder.batch("  recipients: [{to_number: +14155550101, metadata: {a: 1, b: [x, null], c: 02134, d: no}}]\n")
    data = orjson.loads(batch.recipients.frame.item(0, "payload"))
    assert data == {"metadata": {"a": 1, "b": ["x", None], "c": "02134", "d": "no"}}


MISTAKES = [
    Mistake(
        "no recipients",
        "  agent_id: a\n",
        "b.yaml:5:3",
        "there are no recipients (give recipients or recipients_from)",
    ),
    Mistake("an empty list", "  recipients: []\n", "b.yaml:5:15", "there are no recipients"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
