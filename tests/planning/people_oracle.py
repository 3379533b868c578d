"""The truth table once more, person by person in plain Python: slow, obvious, written without a look at standing.py.
Both must say the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from declarative.model.policy import Retry
from declarative.model.remote import Phase
from declarative.planning.decide import Timing

LIVE = (Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN)
HIGHEST = ("unsubmitted", "refused", "waiting", "dialed", "unsure")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One batch as drawn: `phases` and `words` by letter; `hours` since it changed last."""

    id: str
    phases: Mapping[str, Phase]
    word: str = "dial_no_answer"
    attempt: int = 1
    retries: int = 0
    cancelled: bool = False
    by_us: bool = False
    also: bool = False
    old_settings: bool = False
    doubtful_retry: bool = False
    counted_out: bool = False
    hours: int = 1

    @property
    def over(self) -> bool:
        return self.counted_out or (self.cancelled and not any(phase in LIVE for phase in self.phases.values()))

    def queues(self, who: str) -> bool:
        """Whether it will call them, and we could keep it from doing so."""
        return self.phases.get(who) is Phase.QUEUED and not self.cancelled and not self.also

    def shows_stuck(self, who: str) -> bool:
        """Whether they may be called by it though they should be off, and a cancel is not known to help."""
        if self.also:
            return False
        if self.phases[who] is Phase.QUEUED:
            return self.cancelled or self.by_us
        return self.phases[who] is Phase.UNKNOWN and not self.cancelled and not self.over

    def took_off(self, who: str) -> bool:
        """Whether they were never called by it, and never will be."""
        return self.phases[who] is Phase.CANCELLED and self.cancelled and not self.retries

    def standing(self, who: str) -> str:
        phase = self.phases[who]
        if self.doubtful_retry and phase not in (Phase.REACHED, Phase.IN_FLIGHT):
            return "unsure"
        if self.retries:
            return "dialed"
        if self.queues(who):
            return "waiting"
        if phase is Phase.UNFUNDED or (phase is Phase.CANCELLED and self.by_us):
            return "unsubmitted"
        return "refused" if phase is Phase.REFUSED else "dialed"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that is drawn. `wanted` is None where the manifest is gone."""

    batches: tuple[Drawn, ...] = ()
    wanted: frozenset[str] | None = frozenset("a")
    paused: bool = False
    retry: Retry | None = None
    timing: Timing = Timing.NOW
    lost_batch: bool = False


@dataclass(frozen=True)
class Someone:
    standing: str
    attempts: int
    verb: str
    queued_in: frozenset[str] = field(default=frozenset(), compare=False)
    waits_for_a_call: bool = field(default=False, compare=False)


def everybody(scene: Scene) -> dict[str, Someone]:
    named = set() if scene.paused else set(scene.wanted or ())
    letters = sorted(named.union(*(batch.phases for batch in scene.batches)))
    alone = {who: _alone(scene, who) for who in letters}
    leaving = leaving_batches(alone.values())
    return {who: _as_mate(scene, who, someone, leaving) for who, someone in alone.items()}


def leaving_batches(people: Iterable[Someone]) -> set[str]:
    return {key for one in people if one.verb in ("cancel", "replace") for key in one.queued_in}


def _alone(scene: Scene, who: str) -> Someone:
    batches = [batch for batch in scene.batches if who in batch.phases]
    dialed = [batch for batch in batches if batch.standing(who) in ("dialed", "unsure")]
    attempts = sum(1 + batch.retries for batch in dialed if not batch.took_off(who))
    standing = max((batch.standing(who) for batch in batches), key=HIGHEST.index, default="unsubmitted")
    if scene.lost_batch and (HIGHEST.index(standing) < 2 or _unreached(scene, who, batches, dialed, attempts)):
        standing = "unsure"
    verb = _verb(scene, who, batches, dialed, standing, attempts)
    queued_in = frozenset(batch.id for batch in batches if batch.queues(who))
    return Someone(standing, attempts, verb, queued_in, any(b.queues(who) and not b.retries for b in batches))


def _verb(scene: Scene, who: str, batches: list[Drawn], dialed: list[Drawn], standing: str, attempts: int) -> str:
    queued = [batch for batch in batches if batch.queues(who)]
    waiting = [batch for batch in batches if batch.standing(who) == "waiting"]
    refused = sorted((b for b in batches if b.standing(who) == "refused"), key=lambda b: (b.attempt, b.id))
    gone = not _desired(scene, who) or scene.timing is Timing.EXPIRED
    off = gone or scene.timing is Timing.CLOSED or _called_already(scene, who, queued)
    if off and queued:
        return "cancel"
    if off and any(batch.shows_stuck(who) for batch in batches):
        return "block"
    if gone:
        return "keep"
    if standing == "unsure":
        return "block"
    if len({batch.attempt for batch in waiting}) < len(waiting):
        return "replace"
    due = ""
    if standing == "unsubmitted" or (standing == "refused" and _again(scene, refused)):
        due = "create"
    if standing == "waiting" and any(batch.old_settings for batch in waiting):
        due = "replace"
    if standing == "dialed" and not queued and _unreached(scene, who, batches, dialed, attempts):
        due = "retry"
    if due and scene.timing is Timing.TOO_LATE:
        return "cancel" if queued else "keep"
    if due and scene.timing is not Timing.NOW:
        return "cancel" if queued else "wait"
    if due == "retry" and _rests(scene, dialed):
        return "wait"
    return due or "keep"


def _desired(scene: Scene, who: str) -> bool:
    return scene.wanted is not None and who in scene.wanted and not scene.paused


def _called_already(scene: Scene, who: str, queued: list[Drawn]) -> bool:
    """Whether they wait for a first call there which was made elsewhere."""
    waiting = [batch for batch in queued if not batch.retries]
    elsewhere = [
        batch
        for batch in scene.batches
        if who in batch.phases
        and batch not in waiting
        and batch.standing(who) in ("dialed", "unsure")
        and not batch.took_off(who)
    ]
    attempts = sum(1 + batch.retries for batch in elsewhere)
    return any(batch.attempt <= attempts for batch in waiting)


def _again(scene: Scene, refused: list[Drawn]) -> bool:
    retry = scene.retry if scene.wanted is not None else None
    asked = retry is not None and "pre_dial" in retry.on and len(refused) <= retry.max_retries
    return asked or refused[-1].old_settings


def _unreached(scene: Scene, who: str, batches: list[Drawn], dialed: list[Drawn], attempts: int) -> bool:
    """Over, unreached for a reason in retry.on, attempts left; a retry that was refused used one up."""
    if scene.retry is None or scene.wanted is None or not dialed:
        return False
    last = max(dialed, key=lambda batch: (batch.attempt, batch.id))
    vain = [batch for batch in batches if batch.standing(who) == "refused" and batch.attempt > 1]
    return (
        last.phases[who] is Phase.UNREACHED
        and last.word in scene.retry.on
        and all(batch.phases[who] is not Phase.REACHED for batch in batches)
        and all(batch.over and batch.phases[who] not in LIVE for batch in dialed)
        and attempts + len(vain) < 1 + scene.retry.max_retries
    )


def _rests(scene: Scene, dialed: list[Drawn]) -> bool:
    assert scene.retry is not None
    return timedelta(hours=min(batch.hours for batch in dialed)) < scene.retry.after


def _as_mate(scene: Scene, who: str, one: Someone, leaving: set[str]) -> Someone:
    """Whoever is kept in a batch that is cancelled for somebody else loses their place."""
    if one.verb != "keep" or not one.queued_in & leaving or not _desired(scene, who):
        return one
    moves = scene.timing is Timing.NOW and one.waits_for_a_call
    return Someone(one.standing, one.attempts, "replace" if moves else "cancel", one.queued_in)
