"""The lock at a real host: lost, replaced by an older one, or behind the provider. Nobody is called again because
the lock forgot them."""

from __future__ import annotations

import json

import pytest

from .cli_project import CliProject, numbers
from .manifests import AGENT, CARTESIA, batch_yaml, call_yaml, project_yaml

PEOPLE = numbers(415, 4)
SOON = 600


@pytest.fixture
def campaign(served_project: CliProject) -> CliProject:
    served_project.write("project.yaml", project_yaml(guard="2m"))
    served_project.write("march.yaml", batch_yaml("march", PEOPLE))
    return served_project


def test_a_lost_lock_blocks_and_is_rebuilt_from_the_marks(campaign: CliProject) -> None:
    campaign.apply()
    lock = campaign.directory / "dialctl.lock"
    lineage = json.loads(lock.read_bytes())["lineage"]
    lock.unlink()
    blocked = campaign.plan(exits=3)
    assert blocked.verbs == {"block batch/march": ("no_memory", 4)}
    assert "dialctl state rebuild" in blocked.json["actions"][0]["way_out"]
    campaign.apply(exits=3)
    assert not lock.exists()
    campaign.run("state", "new", exits=1)
    campaign.run("state", "rebuild")
    campaign.plan("--detailed-exitcode")
    campaign.apply()
    campaign.advance(SOON)
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)
    assert json.loads(lock.read_bytes())["lineage"] == lineage


def test_an_older_lock_blocks_instead_of_undoing_the_newer_run(campaign: CliProject) -> None:
    campaign.apply()
    lock = campaign.directory / "dialctl.lock"
    older = lock.read_bytes()
    campaign.edit("march.yaml", AGENT, "agent_the_new_one")
    campaign.apply()
    newer = lock.read_bytes()
    lock.write_bytes(older)
    assert campaign.plan(exits=3).verbs == {"block batch/march": ("lock_is_older", 4)}
    campaign.apply(exits=3)
    lock.write_bytes(newer)
    campaign.plan("--detailed-exitcode")
    campaign.advance(SOON)
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_an_older_lock_blocks_whatever_the_age_of_another_agents_calls(served_project: CliProject) -> None:
    """How far back the calls of one agent were read says nothing of another's."""
    theirs = {"agent_id": AGENT, "from_number_id": CARTESIA["from_number_id"]}
    served_project.cartesia("POST", "/agents/calls", {**theirs, "outbound_calls": [{"to_number": PEOPLE[2]}]})
    served_project.advance(86_400)
    served_project.write("project.yaml", project_yaml())
    served_project.write("ada.yaml", call_yaml("ada", PEOPLE[0]))
    served_project.run("state", "new")
    served_project.apply()
    lock = served_project.directory / "dialctl.lock"
    older = lock.read_bytes()
    served_project.write("bob.yaml", call_yaml("bob", PEOPLE[1], agent_id="agent_of_bob"))
    served_project.apply()
    served_project.advance(SOON)
    lock.write_bytes(older)
    blocked = {f"block call/{name}": ("lock_is_older", 1) for name in ("ada", "bob")}
    assert served_project.plan(exits=3).verbs == blocked
    served_project.apply(exits=3)
    served_project.advance(SOON)
    assert served_project.calls() == dict.fromkeys(PEOPLE[:3], 1)


def test_a_batch_whose_answer_was_lost_is_adopted_once_the_list_can_be_read(campaign: CliProject) -> None:
    down = {"code": 403, "effect": False}
    campaign.faults(
        {"match": {"operation": "createCallBatch"}, "do": "lost_answer"},
        {"match": {"operation": "listCallBatches", "after": 1, "times": 0}, "do": {"status": down}},
    )
    campaign.apply(exits=3)
    campaign.faults()
    assert campaign.plan("--detailed-exitcode").verbs == {"adopt batch/march": ("found", 4)}
    campaign.apply()
    assert campaign.plan("--detailed-exitcode").verbs == {}
    campaign.advance(SOON)
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_a_first_call_without_a_lock_asks_whether_the_project_has_dialed_before(campaign: CliProject) -> None:
    campaign.write("march.yaml", call_yaml("ada", PEOPLE[0]))
    blocked = campaign.plan(exits=3)
    assert blocked.verbs == {"block call/ada": ("no_memory", 1)}
    assert "dialctl state new" in blocked.json["actions"][0]["way_out"]
    campaign.run("state", "new")
    campaign.apply()
    campaign.plan("--detailed-exitcode")
    campaign.advance(SOON)
    assert campaign.calls() == {PEOPLE[0]: 1}


def test_a_lock_is_started_with_the_key_of_the_provider_in_use_alone(campaign: CliProject) -> None:
    del campaign.environment["CALLINGBOX_API_KEY"]
    campaign.run("state", "new")
    campaign.apply()


def test_another_project_or_host_is_refused_with_what_to_do(campaign: CliProject) -> None:
    campaign.apply()
    campaign.edit("project.yaml", "name: spring", "name: autumn")
    assert 'is of project "spring"' in campaign.plan(exits=1).json["error"]["message"]
    campaign.edit("project.yaml", "name: autumn", "name: spring")
    url = campaign.environment["CARTESIA_BASE_URL"]
    campaign.environment["CARTESIA_BASE_URL"] = url.replace("127.0.0.1", "localhost")
    assert "base URL" in campaign.plan(exits=1).json["error"]["hint"]


def test_a_batch_under_also_that_is_over_is_read_once(project: CliProject) -> None:
    theirs = {"name": "by hand", "agent_id": AGENT, "from_number_id": CARTESIA["from_number_id"]}
    by_hand = project.cartesia("POST", "/agents/calls/batches", {**theirs, "recipients": [{"to_number": PEOPLE[0]}]})
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE[:2], also=[by_hand["id"]]))
    project.apply()
    project.advance(SOON)
    project.apply()
    assert project.calls() == dict.fromkeys(PEOPLE[:2], 1)

    assert _read_in_full(project) == [], "an unchanged plan reads nobody"
    project.write("march.yaml", batch_yaml("march", PEOPLE[:3], also=[by_hand["id"]]))
    assert _read_in_full(project) == [], "another reads what cannot have changed from its cache"
    assert project.plan().verbs == {"create batch/march": ("added", 1)}


def _read_in_full(project: CliProject) -> list[str]:
    before = len(project.requests())
    project.plan()
    return [one["path"] for one in project.requests()[before:] if one["operation"] == "getCallBatch"]


def test_a_plan_says_that_a_person_under_also_would_be_called_again(project: CliProject) -> None:
    theirs = {"name": "by hand", "agent_id": AGENT, "from_number_id": CARTESIA["from_number_id"]}
    by_hand = project.cartesia("POST", "/agents/calls/batches", {**theirs, "recipients": [{"to_number": PEOPLE[0]}]})
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE[:2], also=[by_hand["id"]]))
    project.apply()
    project.write("march.yaml", batch_yaml("march", PEOPLE[:2]))
    [warning] = project.plan().json["warnings"]
    assert f"spec.also named {by_hand['id']}" in warning["message"]


def test_an_id_under_also_that_nobody_knows_is_corrected_in_the_manifest(project: CliProject) -> None:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE[:2], also=["acb_missing"]))
    [action] = project.plan(exits=3).json["actions"]
    assert action["way_out"] == "another key or host? correct spec.also in the manifest"


def test_a_number_that_is_not_unsure_is_not_printed_in_full(campaign: CliProject) -> None:
    campaign.apply()
    said = campaign.run("resolve", "batch/march#+14155550199", "--placed", exits=64)
    assert "+1415•••0199" in said.err
    assert "5550199" not in said.out + said.err
