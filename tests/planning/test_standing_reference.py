"""standing.decide_all() against plain Python, and what must hold whatever was seen."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.remote import Phase
from declarative.planning import decisions, standing
from declarative.planning.decide import BLOCKS_RESOURCE, KEEPS_EVERYTHING, Reason, Standing, Timing, Verb
from declarative.planning.facts import Facts
from tests.planning import facts_fixture, people_oracle
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.drawn_scenes import facts_of, scenes
from tests.planning.people_oracle import Scene, Someone

DIALS = [Verb.CREATE, Verb.REPLACE, Verb.RETRY]
many = settings(max_examples=120, derandomize=True, deadline=None)
some = settings(many, max_examples=40)


def as_frames_say(facts: Facts) -> dict[str, Someone]:
    rows = standing.decide_all(facts).iter_rows(named=True)
    return {
        facts_fixture.letter(row["number"]): Someone(
            Standing(row["standing"]).name.lower(), row["attempts"], row["verb"]
        )
        for row in rows
    }


def without(facts: Facts, *batches: str) -> Facts:
    """As it is once these are cancelled by us, and read again."""
    remotes, records = dict(facts.remotes), dict(facts.resource_record.remotes)
    for key in batches:
        frame = remotes[key].members
        assert frame is not None
        queued = pl.col("phase") == Phase.QUEUED
        freed = pl.when(queued).then(pl.lit(str(Phase.CANCELLED))).otherwise("phase").alias("phase")
        remotes[key] = replace(remotes[key], cancelled=True, members=frame.with_columns(freed))
        records[key] = replace(records[key], cancel=CancelProgress.DONE)
    return replace(facts, remotes=remotes, resource_record=replace(facts.resource_record, remotes=records))


@given(scenes)
@many
def test_columns_say_what_plain_python_says(scene: Scene) -> None:
    assert as_frames_say(facts_of(scene)) == people_oracle.everybody(scene)


@given(scenes)
@many
def test_who_is_left_out_because_nothing_moves_them_is_kept_and_was_called(scene: Scene) -> None:
    facts = facts_of(scene)
    everybody, (moving, resting) = standing.decide_all(facts), standing.decide_open(facts)
    assert resting.people == len(everybody) - len(moving)
    columns = [name for name in everybody.columns if name != "exact"]
    left = everybody.join(moving.select("number"), on="number", how="anti")
    assert set(left.get_column("verb")) <= {Verb.KEEP}
    assert set(left.get_column("standing")) <= {int(Standing.DIALED)}
    assert not left.get_column("queued").any()
    there = everybody.join(moving.select("number"), on="number", how="semi")
    assert there.sort("number").select(columns).equals(moving.sort("number").select(columns))


@given(scenes)
@some
def test_nobody_is_called_beyond_what_the_manifest_allows(scene: Scene) -> None:
    allowed = 1 + (scene.retry.max_retries if scene.retry else 0)
    people = standing.decide_all(facts_of(scene))
    assert not len(people.filter(pl.col("verb").is_in([Verb.CREATE, Verb.RETRY]), pl.col("attempts") >= allowed))


@given(scenes)
@some
def test_nobody_new_is_called_while_a_batch_may_be_out_there(scene: Scene) -> None:
    people = standing.decide_all(facts_of(replace(scene, lost_batch=True)))
    assert not len(people.filter(pl.col("verb").is_in([Verb.CREATE, Verb.RETRY])))


@given(scenes)
@some
def test_only_who_is_wanted_is_called(scene: Scene) -> None:
    people = standing.decide_all(facts_of(scene)).filter(pl.col("verb").is_in(DIALS))
    assert {facts_fixture.letter(number) for number in people.get_column("number")} <= (scene.wanted or frozenset())
    assert people.is_empty() or not scene.paused


@given(scenes)
@some
def test_nobody_is_kept_in_a_batch_that_is_cancelled(scene: Scene) -> None:
    people = standing.decide_all(facts_of(scene))
    leaving = set(decisions.batches_to_cancel(people))
    kept = people.filter(pl.col("verb") == Verb.KEEP).get_column("queued_in").explode().drop_nulls()
    assert not leaving & set(kept)


@given(scenes)
@some
def test_what_is_cancelled_is_ours_and_lives(scene: Scene) -> None:
    leaving = decisions.batches_to_cancel(standing.decide_all(facts_of(scene)))
    drawn = {one.id: one for one in scene.batches}
    assert not [key for key in leaving if drawn[key].also or drawn[key].cancelled]


@given(scenes)
@some
def test_who_waits_and_moves_is_due_once_their_batch_is_cancelled(scene: Scene) -> None:
    facts = facts_of(replace(scene, timing=Timing.NOW, lost_batch=False))
    people = standing.decide_all(facts)
    moved = people.filter(pl.col("verb") == Verb.REPLACE, pl.col("standing") == int(Standing.WAITING))
    after = standing.decide_all(without(facts, *decisions.batches_to_cancel(people)))
    refused_meanwhile = pl.col("verb") == Verb.KEEP
    left = after.join(moved.select("number"), on="number", how="semi").filter(~refused_meanwhile)
    assert set(left.get_column("verb")) <= {Verb.CREATE}


@given(scenes)
@some
def test_less_seen_of_a_known_batch_never_calls_anybody_who_was_announced_as_safe(scene: Scene) -> None:
    """A second look after all cancels calls nobody again whom a batch has dialed once."""
    facts = facts_of(scene)
    after = standing.decide_all(without(facts, *decisions.batches_to_cancel(standing.decide_all(facts))))
    assert not len(after.filter(pl.col("verb") == Verb.CREATE, pl.col("attempts") > 0))


@given(scenes)
@some
def test_the_same_facts_in_another_order_decide_the_same(scene: Scene) -> None:
    facts = facts_of(scene)
    turned = replace(facts, remotes={key: facts.remotes[key] for key in reversed(list(facts.remotes))})
    assert as_frames_say(turned) == as_frames_say(facts)


@given(scenes, st.sampled_from([reason for reason in BLOCKS_RESOURCE if reason not in KEEPS_EVERYTHING]))
@many
def test_a_block_keeps_nobody_in_who_would_be_taken_off_without_it(scene: Scene, block: Reason) -> None:
    facts = facts_of(scene)
    free, blocked = standing.decide_all(facts), standing.decide_all(facts, block)
    leaving = decisions.batches_to_leave(free.filter(pl.col("reason") != Reason.TOO_EARLY, ~too_late(scene)))
    assert set(leaving) <= set(decisions.batches_to_leave(blocked))
    assert set(blocked.get_column("verb")) <= {Verb.CANCEL, Verb.BLOCK}


# A halt is there to take off who waits.
@given(
    scenes, st.sampled_from([reason for reason in BLOCKS_RESOURCE if reason not in {*KEEPS_EVERYTHING, Reason.HALTED}])
)
@many
def test_a_block_cancels_nothing_that_would_stay_without_it(scene: Scene, block: Reason) -> None:
    facts = facts_of(scene)
    cancelled = decisions.batches_to_cancel(standing.decide_all(facts, block))
    assert set(cancelled) <= set(decisions.batches_to_cancel(standing.decide_all(facts)))


def too_late(scene: Scene) -> pl.Expr:
    """People who wait with other settings are taken off when it is too late to move them; a block leaves them there."""
    return (pl.col("reason") == Reason.EXPIRED) & pl.lit(scene.timing is Timing.TOO_LATE)


def test_nobody_wanted_and_nothing_seen_is_nobody() -> None:
    assert standing.decide_all(facts_fixture.make_facts(wanted=None, record=ResourceRecord())).is_empty()


@given(scenes, st.integers(1, 3))
@many
def test_where_people_can_be_taken_off_alone_all_who_leave_do_and_fewer_others_move(scene: Scene, most: int) -> None:
    facts = facts_of(scene)
    whole = standing.decide_all(facts)
    alone = standing.decide_all(replace(facts, capabilities=replace(BATCHES, most_removals=most)))
    cancelled, removals = decisions.batches_to_cancel(alone), decisions.removals_by_address(alone).get(0)
    removed = [] if removals is None else list(removals.select("remote", "number").iter_rows())
    for number, queued_in, verb in alone.select("number", "queued_in", "verb").iter_rows():
        leaves = verb in (Verb.CANCEL, Verb.REPLACE)
        for remote_id in queued_in or ():
            is_off = (remote_id in cancelled) != ((remote_id, number) in removed)
            assert is_off == (leaves or remote_id in cancelled)
    for remote_id, _ in removed:
        assert sum(one == remote_id for one, _ in removed) <= most
        assert remote_id not in cancelled
    changed = whole.join(alone, on="number").filter(pl.col("verb") != pl.col("verb_right"))
    assert set(changed.get_column("reason")) <= {Reason.BATCH_MATES}
    assert set(changed.get_column("verb_right")) <= {Verb.KEEP}
