"""A person settles what cannot be proven, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from declarative.app.resolve import Verdict, resolve_address, resolve_everything
from declarative.app.run_history import open_ledger
from declarative.app.session import Session
from declarative.errors import UsageError
from declarative.model.lock import ResourceRecord
from tests.project_fixture import ADA, APPLY, BEN, ProjectFixture

ADDRESS = "batch/outreach"


@pytest.fixture
def session(project: ProjectFixture) -> Iterator[Session]:
    """A session over a lock that cannot tell whether Ada and Ben were called."""
    assert project.apply().exit == 0
    with project.session() as session:
        with open_ledger(session, 0, APPLY) as (ledger, _):
            persons = [session.key.digest_person(ledger.lock.lineage, number) for number in (ADA, BEN)]
            ledger.update(ADDRESS, unseen=tuple(sorted(persons)))
        yield session


def resource_record(session: Session) -> ResourceRecord:
    lock = session.lock()
    assert lock is not None
    return lock.resources[ADDRESS]


def test_placed_people_count_as_called(session: Session) -> None:
    [message] = resolve_address(session, ADDRESS, None, Verdict.PLACED, 0)
    assert message == "2 people count as called, and are not called again"
    assert (len(resource_record(session).placed), resource_record(session).unseen) == (2, ())


def test_people_not_placed_are_decided_anew(session: Session) -> None:
    [message] = resolve_address(session, ADDRESS, None, Verdict.NOT_PLACED, 0)
    assert message == "2 people count as not called; the next apply decides them anew"
    assert (resource_record(session).placed, resource_record(session).unseen) == ((), ())


@pytest.mark.parametrize("form", [ADA, "+1 (415) 555-0101", "digest"])
def test_one_person_is_settled_by_number_in_any_form_or_digest(session: Session, form: str) -> None:
    lock = session.lock()
    assert lock is not None
    digest = session.key.digest_person(lock.lineage, ADA)
    resolve_address(session, ADDRESS, digest if form == "digest" else form, Verdict.PLACED, 0)
    assert resource_record(session).placed == (digest,)
    assert len(resource_record(session).unseen) == 1


@pytest.mark.parametrize("written", ["+1 (415) 555-0101", " +1-415-555\u20110101\u200b", "+1.415.555.0101"])
def test_a_number_is_read_in_the_form_in_which_all_numbers_are_compared(session: Session, written: str) -> None:
    resolve_address(session, ADDRESS, written, Verdict.PLACED, 0)
    lock = session.lock()
    assert lock is not None
    assert resource_record(session).placed == (session.key.digest_person(lock.lineage, ADA),)


def test_a_trunk_zero_after_the_country_code_is_not_part_of_the_number(session: Session) -> None:
    with open_ledger(session, 0, APPLY) as (ledger, _):
        person = session.key.digest_person(ledger.lock.lineage, "+447700900123")
        ledger.update(ADDRESS, unseen=(person,))
    resolve_address(session, ADDRESS, "+44 (0)7700 900123", Verdict.PLACED, 0)
    assert resource_record(session).placed == (person,)


def test_what_is_no_number_is_refused_with_an_example_and_masked(session: Session) -> None:
    with pytest.raises(UsageError, match="is no possible phone number") as caught:
        resolve_address(session, ADDRESS, "+1 415 555 0101 0101", Verdict.PLACED, 0)
    assert "0101 0101" not in caught.value.message


def test_what_is_settled_is_not_unsure_any_more_and_numbers_are_masked(session: Session) -> None:
    resolve_address(session, ADDRESS, ADA, Verdict.PLACED, 0)
    with pytest.raises(UsageError, match=r"nothing is unsure of \+1415•••0101 at batch/outreach"):
        resolve_address(session, ADDRESS, ADA, Verdict.PLACED, 0)


def test_an_unknown_address_is_refused(session: Session) -> None:
    with pytest.raises(UsageError, match='the lock knows nothing of "batch/nothing"'):
        resolve_address(session, "batch/nothing", None, Verdict.PLACED, 0)


def test_there_is_nothing_to_resume_where_nothing_was_cancelled(session: Session) -> None:
    with pytest.raises(UsageError, match="no batch of batch/outreach was cancelled by someone else"):
        resolve_address(session, ADDRESS, None, Verdict.RESUME, 0)


def test_everything_is_settled_at_once(session: Session) -> None:
    [message] = resolve_everything(session, Verdict.PLACED, 0)
    assert message == "batch/outreach: 2 people count as called, and are not called again"
    for verdict in Verdict:
        with pytest.raises(UsageError, match="nothing to settle at any address"):
            resolve_everything(session, verdict, 0)


def test_one_person_is_not_resumed(session: Session) -> None:
    with pytest.raises(UsageError, match="--resume is about a whole address"):
        resolve_address(session, ADDRESS, ADA, Verdict.RESUME, 0)
