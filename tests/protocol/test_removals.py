"""One person is taken off a batch, and its others stay: the shard is not cancelled, and nobody else moves."""

from __future__ import annotations

import pytest

from tests.protocol.embedded_project import EmbeddedProject, come_to_rest
from tests.protocol.faults_reads import rule
from tests.protocol.voices import BUSY, CAMPAIGNS, REACHED, SILENT

_HOUR = 3600.0
_ALL = [REACHED, SILENT, BUSY]
_REMOVE, _STOP = "removeLead", "stopCampaign"
DATA = ", dynamic_variables: {plan: free}"


def sent(ground: EmbeddedProject, *operations: str) -> list[str]:
    """The requests that changed something, without the reads."""
    routes = {"DELETE": _REMOVE, "POST": CAMPAIGNS.operation}
    return [
        _STOP if request["path"].endswith("/stop") else routes[request["method"]]
        for request in ground.requests()
        if request["method"] in routes
    ]


def submit(ground: EmbeddedProject, more: str = "") -> None:
    ground.write(CAMPAIGNS.batch(_ALL, data=DATA, more=more))
    ran = ground.apply()
    assert ran.exit == 0, ran.text


def test_who_left_the_list_is_taken_off_alone_and_the_plan_says_so(ground: EmbeddedProject) -> None:
    submit(ground)
    ground.write(CAMPAIGNS.batch([REACHED, BUSY], data=DATA))
    plan = ground.run("plan")
    assert "1 person taken off (no longer listed); the others stay" in plan.text
    assert "Plan: 1 taken off." in plan.text
    (action,) = ground.run("plan", "--json").json["actions"]
    assert (action["verb"], action["people"], action["alone"]) == ("cancel", 1, 1)
    ran = ground.apply()
    assert (ran.exit, "1 person taken off" in ran.text) == (0, True), ran.text
    assert sent(ground) == [CAMPAIGNS.operation, _REMOVE]
    assert ground.run("plan", "--detailed-exitcode").exit == 0
    come_to_rest(ground)
    assert sent(ground) == [CAMPAIGNS.operation, _REMOVE]
    assert ground.calls() == {REACHED: 1, BUSY: 1}


def test_who_entered_a_do_not_call_list_is_taken_off_alone(ground: EmbeddedProject) -> None:
    submit(ground)
    (ground.directory / "dnc.csv").write_text(f"to_number\n{SILENT}\n")
    ground.write(CAMPAIGNS.batch(_ALL, data=DATA, more="policy: {suppress_from: [{file: dnc.csv}]}, "))
    assert "1 person taken off (on a do-not-call list); the others stay" in ground.run("plan").text
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}
    assert sent(ground) == [CAMPAIGNS.operation, _REMOVE]


def test_whose_data_changed_moves_alone(ground: EmbeddedProject) -> None:
    submit(ground)
    text = CAMPAIGNS.batch(_ALL, data=DATA)
    ground.write(text.replace(f'"{SILENT}"{DATA}', f'"{SILENT}", dynamic_variables: {{plan: pro}}'))
    plan = ground.run("plan")
    assert "1 person moves to what the manifest says of them now (of 3 who still wait); the others stay" in plan.text
    assert ground.apply().exit == 0
    assert sent(ground) == [CAMPAIGNS.operation, _REMOVE, CAMPAIGNS.operation]
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(_ALL, 1)


def test_who_comes_back_to_the_list_is_called_once(ground: EmbeddedProject) -> None:
    submit(ground)
    ground.write(CAMPAIGNS.batch([REACHED, BUSY], data=DATA))
    ground.apply()
    submit(ground)
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(_ALL, 1)


def test_whom_somebody_else_took_off_is_never_called(ground: EmbeddedProject) -> None:
    """Only our own request frees a person: another's is their wish."""
    submit(ground)
    with ground.reached() as client:
        [campaign] = _asked(ground, "GET", "")["campaigns"]
        path = f"/{campaign['campaign_id']}/leads"
        [lead] = [one for one in _asked(ground, "GET", path)["leads"] if one["phone_number"] == SILENT]
        assert client is not None
        _asked(ground, "DELETE", f"{path}/{lead['lead_id']}")
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}


def _asked(ground: EmbeddedProject, method: str, path: str) -> dict[str, list[dict[str, str]]]:
    root = "/elevenlabs/v1/convai/outbound-campaigns/campaigns"
    with ground.reached() as client:
        answer = client.request(method, f"{root}{path}", headers={"xi-api-key": ground.key}).raise_for_status()
    found: dict[str, list[dict[str, str]]] = answer.json()
    return found


def test_where_everybody_leaves_or_settings_changed_the_campaign_is_stopped(ground: EmbeddedProject) -> None:
    submit(ground)
    ground.write(CAMPAIGNS.batch(_ALL, data=DATA, more="ringing_timeout_secs: 20, "))
    assert ground.apply().exit == 0
    assert sent(ground) == [CAMPAIGNS.operation, _STOP, CAMPAIGNS.operation]
    ground.write(CAMPAIGNS.batch(_ALL, data=DATA, more="ringing_timeout_secs: 20, state: cancelled, "))
    assert ground.apply().exit == 0
    assert sent(ground)[3:] == [_STOP]
    assert ground.calls() == {}


@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "late"])
def test_who_was_dialed_before_it_is_never_called_again(ground: EmbeddedProject, is_late: bool) -> None:
    submit(ground, more="target_concurrency_limit: 1, ")
    ground.advance(125)
    assert ground.calls() == {REACHED: 1}
    changed = CAMPAIGNS.batch(_ALL, data=DATA, more="target_concurrency_limit: 1, ")
    ground.write(changed.replace(f'"{REACHED}"{DATA}', f'"{REACHED}"').replace(f'"{SILENT}"{DATA}', f'"{SILENT}"'))
    ground.faults(*([rule(_REMOVE, {"late": 40})] if is_late else []))
    ground.apply()
    ground.faults()
    ground.advance(_HOUR)
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(_ALL, 1)


@pytest.mark.parametrize(
    "fault",
    [
        "lost_answer",
        "lost_request",
        {"status": {"code": 503, "effect": False}},
        {"status": {"code": 503, "effect": True}},
    ],
    ids=str,
)
@pytest.mark.parametrize("times", [1, 0], ids=["once", "always"])
def test_a_request_that_goes_wrong_takes_off_whoever_left_and_frees_nobody_too_early(
    ground: EmbeddedProject, fault: object, times: int
) -> None:
    submit(ground)
    ground.write(CAMPAIGNS.batch([REACHED, BUSY], data=DATA))
    ground.faults(rule(_REMOVE, fault, times=times))
    ran = ground.apply()
    assert ran.exit == (1 if times == 0 else 0), ran.text
    if times == 0:
        assert "could not be taken off" in ran.text
    ground.faults()
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}
    assert _STOP not in sent(ground)


@pytest.mark.parametrize("fault", [{"status": {"code": 404, "effect": False}}, {"effect_after": "never"}], ids=str)
def test_where_it_does_not_help_the_next_plan_stops_the_campaign(ground: EmbeddedProject, fault: object) -> None:
    submit(ground)
    ground.write(CAMPAIGNS.batch([REACHED, BUSY], data=DATA))
    ground.faults(rule(_REMOVE, fault, times=0))
    ran = ground.apply()
    assert ran.exit in (1, 3), ran.text
    plan = ground.run("plan")
    assert "the others stay" not in plan.text
    assert "2 moved" in plan.text, plan.text
    assert "was asked to take them off and still shows them as queued" in plan.text
    assert ground.apply().exit == 3
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}
    assert _STOP in sent(ground)
