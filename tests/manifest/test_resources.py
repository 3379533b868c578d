"""What manifests become: defaults, routes, normal forms, limits."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import orjson
import pytest

from declarative.model.digest import json_digest
from declarative.model.policy import CallingHours, Pace, Retry
from declarative.model.resource import Kind, Route

from .house import CALL_HEAD, HEAD, PERSON, PROJECT, House

DESIGN = """\
# yaml-language-server: $schema=../../schemas/manifest.v1.schema.json
apiVersion: dialctl/v1
kind: Project
metadata:
  name: spring-campaigns              # ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$
spec:
  providers:                          # optional: these two exist by default under these names
    cartesia:
      {type: cartesia, api_version: "2026-03-01", defaults: {agent_id: agent_Fo7p, from_number_id: ap_Q8PR}}
    callingbox: {type: callingbox}
  defaults: {provider: cartesia}      # only fields that every type has
  guard: 2m
  settle: 5m
---
apiVersion: dialctl/v1
kind: Batch
metadata:
  name: march-outreach                # address: batch/march-outreach
  labels: {team: growth}
  previously: [batch/march]
spec:
  display_name: March outreach
  provider: cartesia
  agent_id: agent_Fo7pKNBUwLZxrTd6jvhpaE
  from_number_id: ap_Q8PRh7lXyZsawXJmN2KcT5
  target_concurrency_limit: 10
  ringing_timeout_seconds: 30
  max_call_duration_minutes: 15
  scheduled_at: 2026-12-01T16:00:00Z
  expires_at: 2026-12-08T00:00:00Z
  state: present
  retry: {max_retries: 2, on: [dial_no_answer, dial_busy], after: 4h}
  also: [acb_PDWFN995PzAudChwFDqVZ2]
  recipients:
    - to_number: "+14155550123"
      metadata: {customer_id: cust_123}
  recipients_from:
    - file: recipients.csv
      to_number: phone
      metadata: [customer_id, plan]
---
apiVersion: dialctl/v1
kind: Call
metadata: {name: callback-ada}        # address: call/callback-ada
spec:
  to_number: "+14155550101"
  metadata: {customer_id: cust_456}
  via: direct
"""


def test_the_example_of_the_reference_loads(house: House) -> None:
    house.put({"campaign.yaml": DESIGN})
    house.put({"recipients.csv": "phone,customer_id,plan,notes\n+14155550102,cust_7,pro,private\n"})
    desired = house.load()
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


def test_without_a_project_the_providers_exist_under_their_own_names(house: House) -> None:
    house.put({"b.yaml": f"{HEAD}  provider: callingbox\n  agent_id: a\n{PERSON}"})
    desired = house.load()
    assert (desired.project.name, desired.project.declared, desired.is_complete) == ("default", False, True)
    assert desired.project.providers["callingbox"].api_version == "2026-04"
    assert desired.resources["batch/b"].route is Route.CALL


def test_a_resource_wins_over_its_provider_which_wins_over_the_project(house: House) -> None:
    project = PROJECT.replace(
        "agent_id: agent_1, from_number_id: ap_1}}\n    newer",
        "agent_id: agent_1, from_number_id: ap_1, expires_at: 2026-02-02T00:00:00Z}}\n    newer",
        1,
    ).replace("provider: cartesia}", "provider: cartesia, expires_at: 2026-01-01T00:00:00Z}")
    project = project.replace("newer: {type", "plain: {type: cartesia}\n    newer: {type")
    plain = HEAD.replace("name: b", "name: p") + f"  provider: plain\n  agent_id: x\n  from_number_id: y\n{PERSON}"
    house.put({"project.yaml": project, "b.yaml": f"{HEAD}  agent_id: mine\n{PERSON}", "p.yaml": plain})
    resources = house.load().resources
    assert resources["batch/b"].settings == {"agent_id": "mine", "from_number_id": "ap_1"}
    assert resources["batch/b"].expires_at == datetime(2026, 2, 2, tzinfo=UTC)
    assert resources["batch/p"].expires_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_default_that_a_kind_does_not_take_is_left_out_there(house: House) -> None:
    project = PROJECT.replace("from_number_id: ap_1}", "from_number_id: ap_1, target_concurrency_limit: 4}", 1)
    house.put({"project.yaml": project, "b.yaml": HEAD + PERSON})
    house.put({"c.yaml": f"{CALL_HEAD}  to_number: +14155550101\n"})
    resources = house.load().resources
    assert resources["batch/b"].settings["target_concurrency_limit"] == 4
    assert "target_concurrency_limit" not in resources["call/c"].settings


def test_a_whole_number_is_the_same_with_and_without_a_decimal_point(house: House) -> None:
    plain, pointed = (house.batch(f"  target_concurrency_limit: {limit}\n{PERSON}") for limit in ("10", "10.0"))
    assert (pointed.settings, pointed.settings_digest) == (plain.settings, plain.settings_digest)
    assert str(pointed.settings["target_concurrency_limit"]) == "10"


def test_a_wrong_default_is_told_once_and_at_its_place(house: House) -> None:
    project = PROJECT.replace("provider: cartesia}", "provider: cartesia, retry: {max_retries: 1, on: [busy]}}")
    house.put({"project.yaml": project, "b.yaml": HEAD + PERSON})
    house.put({"d.yaml": HEAD.replace("name: b", "name: d") + PERSON})
    (said,) = house.problems()
    assert said.startswith('project.yaml:10:63: spec.defaults.retry.on[0]: "busy" is not an outcome of cartesia')


def test_what_no_default_gives_is_missing(house: House) -> None:
    project = PROJECT.replace("agent_id: agent_1, from_number_id: ap_1", "from_number_id: ap_1", 1)
    house.put({"project.yaml": project, "b.yaml": HEAD + PERSON})
    assert house.problems() == [
        'b.yaml:5:3: spec: missing field "agent_id" (set it here, or under '
        "spec.providers.cartesia.defaults in the Project)"
    ]


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("2026-12-01T16:00:00+00:00", "2026-12-01T16:00:00Z"),
        ("2026-12-01t18:00:00+02:00", "2026-12-01T16:00:00Z"),
        ("2026-12-01T15:59:59.001z", "2026-12-01T16:00:00Z"),
        ('"2026-12-01T11:00:00-05:00"', "2026-12-01T16:00:00Z"),
    ],
)
def test_a_moment_has_one_form(house: House, written: str, normal: str) -> None:
    batch = house.batch(f"  scheduled_at: {written}\n{PERSON}")
    assert batch.settings["scheduled_at"] == normal
    assert batch.scheduled_at == datetime(2026, 12, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("2m", timedelta(minutes=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("500ms", timedelta(milliseconds=500)),
        ("0s", timedelta()),
        ("2d", timedelta(days=2)),
    ],
)
def test_durations(house: House, written: str, length: timedelta) -> None:
    house.put({"project.yaml": f"{PROJECT}  guard: {written}\n", "b.yaml": HEAD + PERSON})
    assert house.load().project.guard == length


@pytest.mark.parametrize("written", ["999999999d", "2 m", "m", "''", "1m2h", "-2m", "1.5h"])
def test_what_is_no_duration(house: House, written: str) -> None:
    house.put({"project.yaml": f"{PROJECT}  guard: {written}\n", "b.yaml": HEAD + PERSON})
    (said,) = house.problems()
    assert said.startswith("project.yaml:11:10: spec.guard: ")


def test_a_call_by_batch_can_be_scheduled(house: House) -> None:
    spec = "  to_number: +14155550101\n  via: batch\n  scheduled_at: 2026-12-01T16:00:00Z\n  metadata: {a: b}\n"
    call = house.call(spec)
    assert (call.kind, call.route, call.recipients.count) == (Kind.CALL, Route.BATCH, 1)
    assert call.settings["scheduled_at"] == "2026-12-01T16:00:00Z"


def test_the_legacy_route_lowers_a_batch_to_calls(house: House) -> None:
    batch = house.batch(f"  provider: legacy\n  pace: {{calls_per_second: 0.5}}\n{PERSON}")
    assert (batch.route, batch.settings, batch.pace) == (Route.CALL, {"agent_id": "agent_1"}, Pace(0.5, 5))


def test_callingbox_takes_its_own_fields(house: House) -> None:
    spec = "  provider: callingbox\n  to_number: +14155550101\n  from_number: +14155550100\n"
    call = house.call(spec + "  instructions: Be kind\n  context: {plan: {tier: 1}}\n  metadata: {}\n")
    assert call.settings["instructions"] == "Be kind"
    assert call.recipients.frame.item(0, "payload") == '{"context":{"plan":{"tier":1}}}'


def test_a_cancelled_resource_is_paused(house: House) -> None:
    assert house.batch(f"  state: cancelled\n{PERSON}").paused


def test_display_name_is_the_name_unless_given(house: House) -> None:
    assert house.batch(PERSON).display_name == "b"


def test_data_keeps_its_types(house: House) -> None:
    batch = house.batch("  recipients: [{to_number: +14155550101, metadata: {a: 1, b: [x, null], c: 02134, d: no}}]\n")
    data = orjson.loads(batch.recipients.frame.item(0, "payload"))
    assert data == {"metadata": {"a": 1, "b": ["x", None], "c": "02134", "d": "no"}}


def test_the_project_says_where_its_state_is(house: House) -> None:
    house.put({"project.yaml": f"{PROJECT}  state: {{url: s3://bucket/prefix}}\n", "b.yaml": HEAD + PERSON})
    assert house.load().project.state_url == "s3://bucket/prefix"


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "s3://user:pw@host/x", "s3://b/x?endpoint=http://evil", "file:///x"]
)
def test_a_state_url_names_a_bucket_and_nothing_else(house: House, url: str) -> None:
    house.put({"project.yaml": f'{PROJECT}  state: {{url: "{url}"}}\n', "b.yaml": HEAD + PERSON})
    (said,) = house.problems()
    assert "expected s3://bucket/prefix" in said


HOURS = "calling_hours: {from: '09:00', to: '20:00', zone: America/New_York}"


def test_a_resource_has_the_stricter_of_two_policies(house: House) -> None:
    project = f"{PROJECT}  policy: {{{HOURS}, max_dials: 100, countries: [US, CA]}}\n"
    hours = HOURS.replace("09:00", "10:00")
    own = f"  policy: {{{hours}, max_dials: 500, countries: [CA, MX]}}\n"
    house.put({"project.yaml": project, "b.yaml": HEAD + own + PERSON})
    desired = house.load()
    policy = desired.resources["batch/b"].policy
    assert policy.calling_hours == CallingHours(time(10), time(20), "America/New_York")
    assert (policy.max_dials, policy.countries) == (100, frozenset({"CA"}))
    assert desired.project.policy.max_dials == 100


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (
            "{from: '08:00', to: '20:00', zone: America/New_York}",
            "is wider than the project's 09:00 to 20:00",
        ),
        ("{from: '10:00', to: '09:30', zone: America/New_York}", "is wider than"),
        ("{from: '10:00', to: '11:00', zone: Europe/Paris}", "cannot be compared"),
        ("{from: '10:00', to: '10:00', zone: America/New_York}", "from and to are the same"),
        ("{from: '10:00', to: '11:00', zone: America/New_Yrok}", "unknown time zone"),
        ("{from: '10:00', to: '11:00', zone: ../../etc}", "unknown time zone"),
        (
            "{from: '10:00', to: '11:00', zone: America/New_York, column: tz}",
            "column goes with zone: recipient",
        ),
    ],
)
def test_calling_hours_can_only_be_narrowed(house: House, own: str, words: str) -> None:
    house.put({"project.yaml": f"{PROJECT}  policy: {{{HOURS}}}\n"})
    house.put({"b.yaml": f"{HEAD}  policy: {{calling_hours: {own}}}\n{PERSON}"})
    assert any(words in said for said in house.problems())


def test_hours_across_midnight_narrow_too(house: House) -> None:
    night = "calling_hours: {from: '22:00', to: '04:00', zone: recipient, column: tz}"
    own = night.replace("22:00", "23:00").replace("04:00", "01:00")
    house.put(
        {
            "project.yaml": f"{PROJECT}  policy: {{{night}}}\n",
            "b.yaml": f"{HEAD}  policy: {{{own}}}\n{PERSON}",
        }
    )
    assert house.load().resources["batch/b"].policy.calling_hours == CallingHours(time(23), time(1), "recipient", "tz")
