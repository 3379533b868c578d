"""The contract of a provider: what its type promises as data agrees with what its channels do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

from declarative.model.capabilities import Cancellable
from declarative.model.remote import Phase
from declarative.model.resource import Route
from declarative.providers.base import (
    EVERY_AGENT,
    NumberChannel,
    SearchChannel,
)
from declarative.providers.plugins import Plugin
from declarative.testing.change_rules import CHANGE_RULES
from declarative.testing.contract import (
    ContractReport,
    NotSupported,
    Rule,
    require,
    require_equal,
    rule_name,
    run_rules,
)
from declarative.testing.fault_rules import FAULT_RULES
from declarative.testing.stage import NUMBER, Stage, done_remote, only_member, open_stage
from declarative.testing.world import Fault, FaultKind, World

_DAY = 86_400
_FOREIGN_NUMBER = "+12025559999"


def check_provider(plugin: Plugin, world: World) -> ContractReport:
    """Check a provider against the contract, for every API version and route of its type.

    `plugin` has `type` and `connect`, as an entry point of the group `dialctl.providers` loads it. Rules about what
    `world` cannot do are skipped. Raises ContractViolation with every broken rule.
    """
    return run_rules(f"the provider type {plugin.type.name}", _provider_rules(plugin, world))


def _provider_rules(plugin: Plugin, world: World) -> Iterator[tuple[str, Rule]]:
    shards = count(1)
    for version in plugin.type.versions:
        for route in plugin.type.routes[version]:
            for name, rule in (*((rule_name(rule), rule) for rule in RULES), *FAULT_RULES):
                yield f"{version} {route}: {name}", partial(_run, plugin, world, version, route, shards, rule)


def _run(
    plugin: Plugin, world: World, version: str, route: Route, shards: Iterator[int], rule: Callable[[Stage], None]
) -> None:
    stage = open_stage(plugin, world, version, route, shards)
    try:
        rule(stage)
    finally:
        stage.provider.close()


def _channels_are_those_of_the_type(stage: Stage) -> None:
    channels = {route: channel.capabilities for route, channel in stage.provider.channels.items()}
    require_equal(channels, dict(stage.plugin.type.routes[stage.version]), "the channels' capabilities")


def _the_route_can_do_what_the_protocol_needs(stage: Stage) -> None:
    missing = stage.capabilities.missing_for(stage.route)
    require(not missing, f"the {stage.route} route is not {', '.join(missing)}")


def _what_was_submitted_is_found_again_by_its_mark(stage: Stage) -> None:
    known_ids = stage.history().keys()
    submissions = [stage.submission(), stage.submission()]
    remotes = [done_remote(stage.channel.submit(submission)) for submission in submissions]
    new_remotes = {key: remote for key, remote in stage.history().items() if key not in known_ids}
    require_equal(new_remotes.keys(), {remote.id for remote in remotes}, "the set of newly listed ids")
    for remote in new_remotes.values():
        require_equal((remote.route, remote.total), (stage.route, 1), f"route and total of {remote.id}")
    if stage.marks_are_listed:
        marks = {remote.mark for remote in new_remotes.values()}
        require_equal(marks, {submission.mark for submission in submissions}, "the set of newly listed marks")


def _what_was_submitted_is_listed_without_its_agent_being_named(stage: Stage) -> None:
    remote = stage.place()
    require(remote.id in stage.history(EVERY_AGENT), f"{remote.id} is not listed under EVERY_AGENT")


def _lists_are_newest_first(stage: Stage) -> None:
    stage.place()
    stage.place()
    for pages in stage.channel.list_pages([EVERY_AGENT]):
        for page in pages:
            times = [remote.created_at for remote in page if remote.created_at]
            require_equal(times, sorted(times, reverse=True), "the order of created_at within a page")


def _what_was_submitted_is_found_by_a_search_for_its_mark_where_there_is_one(stage: Stage) -> None:
    if not stage.capabilities.finds_marks:
        return
    channel = stage.channel
    require(isinstance(channel, SearchChannel), "the channel has no find_marked()")
    assert isinstance(channel, SearchChannel)
    remote, other = (stage.place(scheduled_at=stage.later()) for _ in range(2))
    stage.world.advance(stage.world.listed_after)
    found = {one.id: one.mark for one in channel.find_marked(str(remote.mark))}
    require_equal(found, {remote.id: remote.mark}, f"what find_marked() finds beside {other.id}")


def _what_was_submitted_is_read_with_its_person(stage: Stage) -> None:
    member = only_member(stage.read(stage.place().id))
    require_equal(member["number"], NUMBER, "the number of the member")
    require(member["phase"] in set(Phase), f"the phase {member['phase']!r} is not a Phase")


def _a_person_who_waits_is_read_with_their_data(stage: Stage) -> None:
    remote = stage.place(scheduled_at=stage.later() if stage.capabilities.schedulable else None)
    member = only_member(stage.read(remote.id))
    if stage.capabilities.returns_data:
        require_equal(member["payload"], stage.payload, "the payload of the member")


def _an_id_that_was_never_given_out_is_unknown(stage: Stage) -> None:
    unknown_id = "b5a1c9f2-6d2d-4a7f-9f3a-000000000000"
    require_equal(stage.channel.read(unknown_id), None, "read() of an unknown id")


def _the_outcome_of_a_person_not_reached_is_one_that_retry_may_name(stage: Stage) -> None:
    if not stage.world.unreached_numbers:
        raise NotSupported("the world has no unreached_numbers")
    for number in stage.world.unreached_numbers:
        remote = stage.place_and_wait(number)
        require_equal(remote.finished, remote.total, f"finished of the call to {number}")
        member = only_member(remote)
        if stage.capabilities.outcomes:
            require_equal(member["phase"], Phase.UNREACHED, f"the phase of {number}")
            outcomes = sorted(stage.capabilities.outcomes)
            require(member["outcome"] in outcomes, f"the outcome {member['outcome']!r} is not one of {outcomes}")
        else:
            require_equal((member["phase"], member["outcome"]), (Phase.UNKNOWN, None), f"phase, outcome of {number}")


def _as_many_people_as_promised_go_into_one_request(stage: Stage) -> None:
    size = stage.capabilities.max_people
    numbers = [f"+1{200 + place // 100}55501{place % 100:02}" for place in range(size)]
    remote = stage.place(*numbers, scheduled_at=stage.later())
    require_equal(remote.total, size, "total")
    if stage.capabilities.cancellable is not Cancellable.NEVER:
        stage.channel.cancel(remote.id)


def _an_agent_that_does_not_exist_is_an_unknown_reference(stage: Stage) -> None:
    settings = stage.world.settings
    require_equal(stage.provider.unknown_references(settings), [], "unknown_references() of the world's settings")
    fields = stage.capabilities.settings
    missing = {**dict.fromkeys(fields.caller, _FOREIGN_NUMBER), **dict.fromkeys(fields.agent, "agent_missing")}
    field = next((name for name in (*fields.agent, *fields.caller) if name in settings), None)
    if field is None:
        raise NotSupported("the world's settings name no agent")
    unknown = stage.provider.unknown_references({**settings, field: missing[field]})
    require(bool(unknown), f"unknown_references() is empty for {field} {missing[field]}")


def _a_call_without_a_mark_is_found_by_its_number(stage: Stage) -> None:
    if stage.capabilities.shows_mark:
        return
    channel, remote = stage.channel, stage.place()
    require(isinstance(channel, NumberChannel), "the channel shows no marks, and has no find_calls_to()")
    assert isinstance(channel, NumberChannel)
    found = {call.id: call for call in channel.find_calls_to(NUMBER)}
    require(remote.id in found, f"find_calls_to() does not show {remote.id}")
    require(found[remote.id].created_at is not None, f"find_calls_to() does not tell when {remote.id} was created")


def _a_key_names_one_thing(stage: Stage) -> None:
    if stage.capabilities.idempotent_for is None:
        return
    submission, other = stage.submission(scheduled_at=stage.later()), stage.submission(scheduled_at=stage.later())
    first, second = (done_remote(stage.channel.submit(submission)) for _ in range(2))
    require_equal((second.id, second.mark), (first.id, submission.mark), "id and mark of a repeat under one key")
    require(done_remote(stage.channel.submit(other)).id != first.id, "another key names the same thing")


def _every_setting_is_sent(stage: Stage) -> None:
    if stage.recording is None:
        raise NotSupported("the world has no transport, so nothing tells what was sent")
    submission = stage.submission(scheduled_at=stage.later() if stage.capabilities.schedulable else None)
    for name in set(submission.settings) & set(stage.capabilities.settings.names) - {"scheduled_at"}:
        requests = set()
        for settings in ({**submission.settings, name: None}, submission.settings):
            count_before = len(stage.recording.requests)
            stage.world.fault(Fault(kind=FaultKind.LOST_REQUEST))
            stage.channel.submit(replace(submission, settings=settings))
            requests.add(b"".join(stage.recording.requests[count_before:]))
        require_equal(len(requests), 2, f"the number of different requests with and without {name}")


def _a_closed_connection_may_be_closed_again(stage: Stage) -> None:
    stage.provider.close()


def _the_clock_is_the_providers(stage: Stage) -> None:
    time_before, skew_before = stage.provider.now(), stage.provider.skew()
    stage.world.advance(_DAY)
    later = open_stage(stage.plugin, stage.world, stage.version, stage.route, stage.shards)
    time_after, skew_after = later.provider.now(), later.provider.skew()
    require(later.provider.latest_now() >= time_after, "latest_now() is earlier than now()")
    later.provider.close()
    for moved in ((time_after - time_before).total_seconds(), skew_after - skew_before):
        require(abs(moved - _DAY) < 60, f"the provider's clock moved a day, now() or skew() moved {moved:.0f} seconds")


RULES: tuple[Callable[[Stage], None], ...] = (
    _channels_are_those_of_the_type,
    _the_route_can_do_what_the_protocol_needs,
    _what_was_submitted_is_found_again_by_its_mark,
    _what_was_submitted_is_listed_without_its_agent_being_named,
    _lists_are_newest_first,
    _what_was_submitted_is_found_by_a_search_for_its_mark_where_there_is_one,
    _what_was_submitted_is_read_with_its_person,
    _a_person_who_waits_is_read_with_their_data,
    _an_id_that_was_never_given_out_is_unknown,
    _the_outcome_of_a_person_not_reached_is_one_that_retry_may_name,
    *CHANGE_RULES,
    _as_many_people_as_promised_go_into_one_request,
    _an_agent_that_does_not_exist_is_an_unknown_reference,
    _a_call_without_a_mark_is_found_by_its_number,
    _a_key_names_one_thing,
    _every_setting_is_sent,
    _a_closed_connection_may_be_closed_again,
    _the_clock_is_the_providers,
)
"""The rules of every channel, named by their functions."""
