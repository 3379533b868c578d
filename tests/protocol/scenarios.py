"""What is under way when a run dies: each scenario prepares a project for one kind of work, and says how often each
person may be called in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.protocol.project_fixture import Project, never, once, people
from tests.protocol.run_process import KILL
from tests.protocol.voices import CAMPAIGNS, EVENTS, PHONE_CALLS, QUEUED_CALLS, VAPI, VOICES, Voice

Expected = Mapping[str, tuple[int, int]]
AFTER_THE_GUARD = 600.0
"""Seconds in which everyone in a small batch is called."""
OWN_NUMBER = "+12025550100"
"""The number that these projects call from, in the sandbox: what a list probe holds."""


@dataclass(frozen=True)
class Scenario:
    """`prepare` returns how often each number is called, at least and at most. `leaving`: people on their way out, who
    may be called once if the next run comes too late for them. `costly`: too long to be killed everywhere in CI."""

    name: str
    prepare: Callable[[Project], Expected]
    arguments: tuple[str, ...] = ("apply", "-y")
    leaving: tuple[str, ...] = ()
    costly: bool = False


def _first(project: Project) -> Expected:
    project.begin().batch("march", people(5))
    return once(people(5))


def _first_unguarded(project: Project) -> Expected:
    project.begin(guard="0s").batch("march", people(5))
    return once(people(5))


def _two_resources(project: Project) -> Expected:
    project.begin().batch("march", people(3))
    project.batch("april", people(3, 10))
    return once([*people(3), *people(3, 10)])


def _side_by_side(project: Project) -> Expected:
    """More requests than go out at once, and one answer is lost."""
    project.begin()
    for place in range(10):
        project.batch(f"list-{place}", people(1, place))
    project.plan()
    project.control("PUT", "faults", [{"match": {"operation": "createCallBatch"}, "do": "lost_answer"}])
    return once(people(10))


def _shards(project: Project) -> Expected:
    project.begin().batch("march", people(10_001))
    return once(people(10_001))


def _late_within_the_settle_time(project: Project) -> Expected:
    return _late(project.begin())


def _late_after_the_settle_time(project: Project) -> Expected:
    """The guard is the longer of the two, and the provider still takes the request."""
    return _late(project.begin(settle="20s"))


def _late(project: Project) -> Expected:
    project.batch("march", people(5))
    project.plan()  # makes the world
    project.control("PUT", "faults", [{"match": {"operation": "createCallBatch"}, "do": {"late": 40}}])
    # After a crash before the send, the late request is a list probe. Where no run comes in the hour after it lands, it
    # calls our own number, and nobody else.
    return {**once(people(5)), OWN_NUMBER: (0, 1)}


def _lost(project: Project) -> Expected:
    """Nothing younger is in the list, so that a list probe is made, too."""
    project.begin(settle="20s").batch("march", people(5))
    project.plan()
    project.control("PUT", "faults", [{"match": {"operation": "createCallBatch"}, "do": "lost_request"}])
    return once(people(5))


def _landed_after_it_was_revoked(project: Project) -> Expected:
    project.begin().plan()
    starts_at = project.now() + timedelta(hours=3)
    project.batch("march", people(3), more=f'  scheduled_at: "{starts_at:%Y-%m-%dT%H:%M:%SZ}"\n')
    project.control("PUT", "faults", [{"match": {"operation": "createCallBatch"}, "do": {"late": 4_000}}])
    project.apply()
    project.advance(900)
    return once(people(3))


def _one_off_beside_a_doubt(project: Project) -> Expected:
    project.begin().plan()
    at = f'  scheduled_at: "{project.now() + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"\n'
    project.batch("march", people(4), more=at)
    project.apply()
    project.batch("march", people(6), more=at)
    project.control("PUT", "faults", [{"match": {"operation": "createCallBatch"}, "do": "lost_request"}])
    project.apply(at="answer: submit", signum=KILL)
    leaving = people(1, 3)
    project.batch("march", [number for number in people(6) if number not in leaving], more=at)
    return {**once(people(6)), **never(leaving)}


def _added_while_waiting(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.apply()
    project.batch("march", people(7))
    return once(people(7))


def _added_after_called(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.apply()
    project.advance(AFTER_THE_GUARD)
    project.batch("march", people(7))
    return once(people(7))


SLOW = "  max_call_duration_minutes: 5\n"


def _replace_waiting(project: Project) -> Expected:
    project.begin().batch("march", people(6))
    project.apply()
    project.batch("march", people(6), agent="agent_B")
    return once(people(6))


def _replace_half_way(project: Project) -> Expected:
    """Some are in flight, others wait behind them."""
    project.begin().batch("march", people(60))
    project.apply()
    project.advance(121 + 25)
    project.batch("march", people(60), agent="agent_B")
    return once(people(60))


def _remove_one(project: Project) -> Expected:
    project.begin().batch("march", people(6))
    project.apply()
    project.batch("march", people(5))
    return {**once(people(5)), **never(people(1, 5))}


def _retry_by_request(project: Project) -> Expected:
    numbers = [f"+1{area}5550191" for area in (212, 213, 214)]
    project.begin().batch("march", numbers, more=_RETRY)
    project.apply()
    project.advance(AFTER_THE_GUARD)
    return dict.fromkeys(numbers, (2, 2))


def _retry_by_new_batch(project: Project) -> Expected:
    unanswered, busy = [f"+1{area}5550191" for area in (212, 213)], ["+12145550192"]
    project.begin().batch("march", [*unanswered, *busy], more=_RETRY)
    project.apply()
    project.advance(AFTER_THE_GUARD)
    return {**dict.fromkeys(unanswered, (2, 2)), **once(busy)}


_RETRY = "  retry: {max_retries: 1, on: [dial_no_answer]}\n"


def _pause(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.apply()
    project.batch("march", people(4), more="  state: cancelled\n")
    return never(people(4))


def _resume(project: Project) -> Expected:
    _pause(project)
    project.apply()
    project.batch("march", people(4))
    return once(people(4))


def _destroy(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.batch("april", people(4, 10))
    project.apply()
    return never([*people(4), *people(4, 10)])


def _removed_manifest(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.batch("april", people(4, 10))
    project.apply()
    project.remove("march")
    return {**never(people(4)), **once(people(4, 10))}


def _forget(project: Project) -> Expected:
    _removed_manifest(project)
    project.advance(AFTER_THE_GUARD)
    return once([*people(4), *people(4, 10)])


def _call_direct(project: Project) -> Expected:
    project.begin().call("ada", people(1)[0])
    return once(people(1))


def _call_via_batch(project: Project) -> Expected:
    project.begin().call("ada", people(1)[0], more="  via: batch\n")
    return once(people(1))


def _single_calls(project: Project) -> Expected:
    project.begin().box("box", people(3))
    return once(people(3))


def _renamed(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.apply()
    project.remove("march")
    project.batch("spring", people(6))
    file = project.directory / "spring.yaml"
    file.write_text(file.read_text().replace("{name: spring}", "{name: spring, previously: [batch/march]}"))
    return once(people(6))


def _rebuild(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.batch("april", people(4, 10))
    project.call("ada", people(1, 20)[0])
    project.apply()
    project.lock.unlink()
    return once([*people(4), *people(4, 10), *people(1, 20)])


def _resume_elsewhere(project: Project) -> Expected:
    project.begin().batch("march", people(4))
    project.apply()
    project.cancel_elsewhere()
    project.apply()
    return once(people(4))


def _voice_first(voice: Voice) -> Callable[[Project], Expected]:
    def prepare(project: Project) -> Expected:
        project.directory.mkdir(parents=True)
        project.file("voices.yaml", voice.batch(people(3)))
        return once(people(3))

    return prepare


def _wait_an_hour(project: Project, voice: Voice, count: int) -> str:
    """So many people wait at the provider. Returns the field that says until when."""
    _voice_first(voice)(project)
    project.plan()
    at = f'scheduled_at: "{project.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", '
    project.file("voices.yaml", voice.batch(people(count), more=at))
    project.apply()
    return at


def _voice_replace(voice: Voice) -> Callable[[Project], Expected]:
    """One person leaves, and the settings of the others change, an hour before anybody is called."""

    def prepare(project: Project) -> Expected:
        at = _wait_an_hour(project, voice, 3)
        project.file("voices.yaml", voice.batch(people(2), more=f"{at}{voice.agent}: agent_B, "))
        return {**once(people(2)), **never(people(1, 2))}

    return prepare


def _queue_left(project: Project) -> Expected:
    """A run died while its call waited in the provider's queue, and then its person was removed."""
    _voice_first(QUEUED_CALLS)(project)
    project.plan()
    slow = {"match": {"operation": QUEUED_CALLS.operation}, "do": {"queued_before": AFTER_THE_GUARD / 2}}
    project.control("PUT", "faults", [slow])
    project.apply(at="http: GET /2010-04-01/Accounts/sk_sandbox/Calls/", signum=KILL)
    project.control("PUT", "faults", [])
    project.file("voices.yaml", QUEUED_CALLS.batch(people(2, 1)))
    return {**never(people(1)), **once(people(2, 1))}


def _voice_one_off(voice: Voice) -> Callable[[Project], Expected]:
    """One person leaves and the data of another change, an hour before anybody is called; a third stays."""

    def prepare(project: Project) -> Expected:
        at = _wait_an_hour(project, voice, 4)
        changed = voice.batch(people(3), more=at)
        moved = f'"{people(1)[0]}"'
        project.file("voices.yaml", changed.replace(moved, f"{moved}, dynamic_variables: {{plan: pro}}"))
        return {**once(people(3)), **never(people(1, 3))}

    return prepare


def _voice_lost(voice: Voice) -> Callable[[Project], Expected]:
    """A create that never arrives: under a key it is sent again."""

    def prepare(project: Project) -> Expected:
        _voice_first(voice)(project)
        project.plan()
        project.control("PUT", "faults", [{"match": {"operation": voice.operation}, "do": "lost_request"}])
        return once(people(3))

    return prepare


def _voice_lost_then_suppressed(voice: Voice) -> Callable[[Project], Expected]:
    """A run died over a lost answer, and then one of its people enters a do-not-call list."""

    def prepare(project: Project) -> Expected:
        _voice_lost(voice)(project)
        project.apply(at="answer: submit", signum=KILL)
        suppressed = people(1, 2)
        project.file("dnc.csv", "\n".join(["to_number", *suppressed]) + "\n")
        project.file("voices.yaml", voice.batch(people(3), more="policy: {suppress_from: [{file: dnc.csv}]}, "))
        return {**once(people(2)), **never(suppressed)}

    return prepare


SCENARIOS = (
    Scenario("first create", _first),
    Scenario("first create without a guard", _first_unguarded),
    Scenario("first create of two resources", _two_resources),
    Scenario("first create of three shards", _shards, costly=True),
    Scenario("creates side by side", _side_by_side, costly=True),
    Scenario("a create that lands within the settle time", _late_within_the_settle_time),
    Scenario("a create that lands after the settle time", _late_after_the_settle_time),
    Scenario("a create that is lost and a list probe", _lost),
    Scenario("a create that lands after its mark was revoked", _landed_after_it_was_revoked),
    Scenario("one person taken off beside a doubt", _one_off_beside_a_doubt, leaving=tuple(people(1, 3))),
    Scenario("people added while the others wait", _added_while_waiting),
    Scenario("people added after the others were called", _added_after_called),
    Scenario("replace while all wait", _replace_waiting),
    Scenario("replace half way", _replace_half_way),
    Scenario("one person taken off", _remove_one, leaving=tuple(people(1, 5))),
    Scenario("retry by request", _retry_by_request),
    Scenario("retry by a new batch", _retry_by_new_batch),
    Scenario("pause", _pause, leaving=tuple(people(4))),
    Scenario("resume", _resume),
    Scenario("destroy", _destroy, ("destroy", "-y"), leaving=(*people(4), *people(4, 10))),
    Scenario("manifest removed", _removed_manifest, leaving=tuple(people(4))),
    Scenario("forget what is over", _forget),
    Scenario("direct call", _call_direct),
    Scenario("call via a batch", _call_via_batch),
    Scenario("single calls where there are no batches", _single_calls),
    Scenario("renamed with more people", _renamed),
    Scenario("rebuild after a lost lock", _rebuild, ("state", "rebuild")),
    *(
        scenario
        for voice in (*VOICES, VAPI)
        for scenario in (
            Scenario(f"first create by {voice.title}", _voice_first(voice), costly=True),
            Scenario(f"moved and taken off at {voice.title}", _voice_replace(voice), costly=True),
        )
    ),
    Scenario("taken off and moved alone", _voice_one_off(CAMPAIGNS)),
    Scenario("a lost create under a key", _voice_lost(CAMPAIGNS)),
    *(
        Scenario(f"suppressed after a lost answer at {voice.title}", _voice_lost_then_suppressed(voice), costly=True)
        for voice in (CAMPAIGNS, EVENTS)
    ),
    Scenario("single calls under a key", _voice_first(PHONE_CALLS)),
    Scenario("single calls without a mark", _voice_first(QUEUED_CALLS)),
    Scenario("taken out of a queue", _queue_left, leaving=tuple(people(1))),
    Scenario("resume what was cancelled elsewhere", _resume_elsewhere, ("resolve", "batch/march", "--resume")),
)


def retry_in_doubt(directory: Path) -> tuple[Project, list[str]]:
    """Two people who were not reached, and a run that died as it asked for them to be called again."""
    project = Project(directory).begin()
    numbers = ["+12125550191", "+12135550191"]
    project.batch("march", numbers, more=_RETRY)
    project.apply()
    project.advance(AFTER_THE_GUARD)
    project.apply(at="send: retry", signum=KILL)
    return project, numbers
