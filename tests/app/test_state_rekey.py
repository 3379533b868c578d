"""A team changes its person key: nobody is called twice, and nobody's digest is left under the old one in silence."""

from __future__ import annotations

import pytest

from declarative.app.run_history import open_ledger
from declarative.app.session import Session
from declarative.model.digest import PersonKey
from tests.project_fixture import ADA, APPLY, BEN, CAY, ProjectFixture

NEW, OLD = "the new key", "the old key"


@pytest.fixture
def keyed(project: ProjectFixture, monkeypatch: pytest.MonkeyPatch) -> ProjectFixture:
    """Ada and Ben were called by a batch, and Cay by a single call, under the old key."""
    monkeypatch.setenv("DIALCTL_PERSON_KEY", OLD)
    call = (
        "apiVersion: dialctl/v1\nkind: Call\nmetadata: {name: cay}\nspec:\n"
        f'  agent_id: agent_one\n  from_number_id: ap_one\n  to_number: "{CAY}"\n'
    )
    project.write(call_yaml=call)
    assert project.apply("--wait").exit == 0
    return project


def both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", f"{NEW},{OLD}")


def lock_text(project: ProjectFixture) -> str:
    return (project.root / ".dialctl" / "sandbox" / "dialctl.lock").read_text()


def test_with_both_keys_set_a_lock_goes_on_under_the_old_one(
    keyed: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", NEW)
    assert keyed.dialctl("plan").exit == 1, "another key is refused"
    both(monkeypatch)
    assert keyed.plan()["summary"]["people_to_call"] == 0
    keyed.people(ADA, BEN, "+14155550104")
    assert keyed.apply("--wait").exit == 0
    assert keyed.called() == [ADA, BEN, CAY, "+14155550104"]


def test_a_rewritten_lock_needs_the_new_key_alone_and_calls_nobody_twice(
    keyed: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(monkeypatch)
    result = keyed.dialctl("state", "rekey", "--reason", "a colleague left")
    assert result.exit == 0, result.text
    monkeypatch.setenv("DIALCTL_PERSON_KEY", NEW)
    assert f'"person_key": "{PersonKey(NEW).fingerprint}"' in lock_text(keyed)
    assert keyed.plan()["summary"]["people_to_call"] == 0
    assert keyed.apply("--wait").exit == 0
    assert keyed.called() == [ADA, BEN, CAY]
    keyed.people(ADA, BEN, "+14155550104")
    assert keyed.apply("--wait").exit == 0
    assert keyed.called() == [ADA, BEN, CAY, "+14155550104"]
    newest = keyed.dialctl("history", "--json").json["runs"][1]
    assert (newest["command"], newest["reason"]) == ("state rekey", "a colleague left")


def test_somebody_who_counts_as_called_and_is_known_by_a_digest_alone_needs_the_old_key(
    keyed: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"DIALCTL_PERSON_KEY": OLD}
    with (
        Session(directory=keyed.root, sandbox=True, environment=environment) as session,
        open_ledger(session, 0, APPLY) as (ledger, _),
    ):
        stranger = session.key.digest_person(ledger.lock.lineage, "+14155550177")
        ledger.update("batch/outreach", placed=(stranger,))
    before = lock_text(keyed)
    both(monkeypatch)
    result = keyed.dialctl("state", "rekey")
    assert result.exit == 1
    assert "1 person still needs the old key, at batch/outreach" in result.text
    assert lock_text(keyed) == before


@pytest.mark.parametrize("value", ["one key", "a,", ",b"])
def test_rekey_needs_two_whole_keys(project: ProjectFixture, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", value)
    assert project.dialctl("state", "rekey").exit == 64


def test_erased_people_are_held_back_under_either_key(project: ProjectFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    both(monkeypatch)
    rows = "\n".join([PersonKey(NEW).name_erased(ADA), PersonKey(OLD).name_erased(BEN)])
    project.write(erased_csv=f"person\n{rows}\n")
    project.policy("{suppress_from: [{file: erased.csv}]}")
    project.people(ADA, BEN, CAY)
    assert project.plan()["held"] == {"suppressed": 2}
