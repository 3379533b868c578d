"""Waits until a lost batch is found or disproved, and makes something younger where nothing else does: the list probe.

A list probe is a batch whose only recipient is our own number. It starts an hour ahead, bears a mark that says what it
is, and is cancelled as soon as it is answered. Its entry in the list is younger than the doubts, so a list that shows
it shows them too. It calls no one, counts towards no limit, and holds no one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

import polars as pl

from declarative.engine import fence
from declarative.engine.execute import ProbeExecutor
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.engine.settle import POLL, Settler
from declarative.engine.unclear_answers import is_answer, shorten_answer
from declarative.errors import ProviderError
from declarative.model import mark
from declarative.model.capabilities import CancelProof
from declarative.model.lock import LONGEST_GUARD, Intent
from declarative.model.resource import Json, Resource, Route
from declarative.privacy import mask
from declarative.providers.base import (
    Ambiguous,
    Busy,
    Done,
    MarkMissing,
    NotSent,
    Outcome,
    OutOfFunds,
    Rejected,
    Submission,
)

PROBES = 2
"""List probes that one run makes at most for the same doubts."""
POLLS_A_WAIT = 20
"""How often a list is read during a long wait, at least. Something younger may appear at any time."""
_FOLLOWS = "; another one may follow after the settle time"
LABEL = "dialctl list probe"
"""The name of a list probe at the provider, in front of its mark."""


class DoubtResolver:
    """Works under the lease of one run, within an apply that was approved. Raises Interrupted while it waits, and
    LeaseLost and StateError. A run that comes again waits for nothing. `resources` holds what the manifests want, by
    address. `on_wait` is called before every wait."""

    def __init__(
        self,
        run: RunContext,
        settler: Settler,
        resources: Mapping[str, Resource],
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._run = run
        self._on_wait = on_wait
        self._executor = ProbeExecutor(run)
        self._settler = settler
        self._resources = resources
        self._given_up: set[str] = set()
        """Marks of requests that this run cannot settle."""
        self._waiting_probes: dict[str, str] = {}
        """By provider: the id of a list probe that is cancelled once the list shows it."""
        self._probe_answers: set[str] = set()
        """What list probes of this run were answered, where nothing can be concluded from it."""

    def is_ripe(self, addresses: Collection[str]) -> bool:
        """Whether a lost batch of these addresses can be settled without waiting for its fence or the settle time."""
        return any(
            probe_time is not None and probe_time <= self._run.providers[name].now()
            for name in self._run.providers
            for _, intent in self._settler.open_batches(name, addresses)
            for probe_time in (fence.find_probe_time(intent, self._run.project.settle),)
        )

    def resolve(self, addresses: Collection[str]) -> list[Finding]:
        """Waits until every lost batch of these addresses is found or disproved, as far as lists allow."""
        findings: list[Finding] = []
        for name in self._run.providers:
            try:
                self._resolve_at_provider(name, addresses, findings)
            except ProviderError as error:
                message = f"{name} could not be read, nothing was concluded: {error.message}"
                findings.append(Finding("", message, unsure=True))
            finally:
                findings += self._cancel_waiting_probe(name)
        return findings

    def _resolve_at_provider(self, name: str, addresses: Collection[str], findings: list[Finding]) -> None:
        """Reads the list, waits, and probes. Adds to `findings`."""
        provider, probes = self._run.providers[name], 0
        for poll in count():
            if not self._list_doubts(name, addresses):
                return
            findings += self._settler.settle_batches(name, addresses)
            intents = self._list_doubts(name, addresses)
            probe_times = self._probe_times(intents)
            if not probe_times:
                return
            next_probe = self._next_probe_time(name, min(probe_times.values()))
            if provider.now() < next_probe:
                if self._run.comes_again:
                    return
                self._wait(name, intents, next_probe, poll)
                continue
            if probes == PROBES:
                message = (
                    f"the list of {name} does not show what was made there, or dates it too early to prove anything; "
                    "run dialctl apply again in a while"
                )
                findings.append(Finding("", message, unsure=True))
                self._given_up |= set(probe_times)
                return
            probes += 1
            ripe_intents = [intent for intent in intents if probe_times.get(intent.mark, next_probe) <= next_probe]
            finding, was_made = self._make_probe(name, ripe_intents)
            findings.append(finding)
            if finding.unsure:
                self._given_up |= set(probe_times)
                return
            # A probe that was answered exists: another one would prove no more.
            probes = PROBES if was_made else probes

    def _cancel_waiting_probe(self, name: str) -> list[Finding]:
        """Cancels a list probe that a look at the list has not cancelled. It starts an hour after it was made."""
        remote_id = self._waiting_probes.pop(name, "")
        channel = self._run.providers[name].channels.get(Route.BATCH)
        if not remote_id or channel is None:
            return []
        try:
            if channel.read(remote_id) is None:
                return []
        except ProviderError:
            pass  # then it is cancelled without a look
        failure = self._executor.cancel_probe(channel, remote_id)
        detail = f"could not be cancelled: {failure}; the next apply cancels it" if failure else "was cancelled"
        return [Finding("", f"the list probe {remote_id} at {name} {detail}", unsure=bool(failure))]

    def _list_doubts(self, name: str, addresses: Collection[str]) -> list[Intent]:
        """Lost batches that this run may still settle."""
        open_batches = self._settler.open_batches(name, addresses)
        return [intent for _, intent in open_batches if intent.mark not in self._given_up]

    def _probe_times(self, intents: Sequence[Intent]) -> dict[str, datetime]:
        """By mark: when a list probe may be made. Intents without a known fence are left out."""
        times = {intent.mark: fence.find_probe_time(intent, self._run.project.settle) for intent in intents}
        return {intent_mark: moment for intent_mark, moment in times.items() if moment is not None}

    def _next_probe_time(self, name: str, earliest: datetime) -> datetime:
        # Protocol 5: at most one probe within the settle time, counted over all runs by the lock.
        last_probe = self._run.ledger.lock.probes.get(name)
        return earliest if last_probe is None else max(earliest, last_probe + self._run.project.settle)

    def _wait(self, name: str, intents: Sequence[Intent], until: datetime, poll: int) -> None:
        """Waits for the next reading. Raises Interrupted."""
        sent_at = min(intent.sent_at for intent in intents)
        remaining = (until - self._run.providers[name].now()).total_seconds()
        answers = "; ".join({intent.answer: None for intent in intents if intent.answer})
        self._run.progress(
            f"an answer of {name} was lost at {sent_at:%H:%M:%S}{f' ({answers})' if answers else ''}: looking for the "
            f"batch until {until:%H:%M:%S} UTC, then proving by something younger (Ctrl-C is safe)"
        )
        # Protocol 7: a run that waits for a doubt is still there in the last quarter of a guard.
        self._on_wait()
        longest_pause = POLL[poll] if poll < len(POLL) else max(POLL[-1], remaining / POLLS_A_WAIT)
        self._run.pause(max(1.0, min(remaining, longest_pause)))

    def _make_probe(self, name: str, intents: Sequence[Intent]) -> tuple[Finding, bool]:
        """Sends one list probe for all these doubts; returns what to say of it, and whether it was made. The finding is
        `unsure` where a further one would be no use."""
        settings = self._find_settings(name, intents)
        number = self._find_number(name, settings) if settings else ""
        if settings is None or not number:
            message = f"no number for a list probe at {name} is known: set probe_number of the provider in the Project"
            return Finding("", message, unsure=True), False
        moment, latest_time = self._run.providers[name].now(), self._run.providers[name].latest_now()
        submission = Submission(
            mark=mark.probe_mark(self._run.project.name, self._run.ledger.lock.lineage, moment),
            label=LABEL,
            settings=settings,
            recipients=pl.DataFrame({"number": [number], "payload": ["{}"]}),
            scheduled_at=(latest_time + LONGEST_GUARD + timedelta(seconds=1)).replace(microsecond=0),
        )
        outcome, failure = self._executor.send_probe(name, submission)
        forgets = self._run.providers[name].channels[Route.BATCH].capabilities.cancel_proof is CancelProof.ABSENCE
        if forgets and isinstance(outcome, Done | MarkMissing):
            self._waiting_probes[name] = outcome.remote.id
        finding = _describe_probe(name, number, outcome, failure, "once the list shows it" if forgets else "at once")
        if isinstance(outcome, Ambiguous) and self._is_alike(outcome.message, intents):
            message = f"{finding.message}, as a request before it; nothing more is asked for it in this run"
            finding = Finding("", message, unsure=True)
        return finding, isinstance(outcome, Done | MarkMissing)

    def _is_alike(self, message: str, intents: Sequence[Intent]) -> bool:
        """Whether a lost request, or a probe of this run, was answered in the same words. Keeps the words."""
        answer = shorten_answer(message)
        # An answer that did not come says nothing about the next one.
        is_alike = is_answer(message) and answer in {*self._probe_answers, *(intent.answer for intent in intents)}
        self._probe_answers.add(answer)
        return is_alike

    def _find_settings(self, name: str, intents: Sequence[Intent]) -> Mapping[str, Json] | None:
        """Settings that a batch at this provider was or would be sent with: those of a lost one where possible."""
        marks = {intent.mark for intent in intents}
        records = self._run.ledger.lock.resources
        lost_addresses = [address for address, record in records.items() if marks & set(record.intents)]
        candidates = [
            *(resource for address in lost_addresses if (resource := self._resources.get(address))),
            *self._resources.values(),
        ]
        for resource in candidates:
            if resource.provider == name and resource.route is Route.BATCH:
                return resource.settings
        recorded = [records[address] for address in (*lost_addresses, *records) if records[address].provider == name]
        fields = self._run.providers[name].channels[Route.BATCH].capabilities.settings
        return next((record.settings for record in recorded if fields.agent_of(record.settings)), None)

    def _find_number(self, name: str, settings: Mapping[str, Json]) -> str:
        """The number that the probe holds: ours. "" where it is not known. Raises ProviderError."""
        spec = self._run.project.providers.get(name)
        own_number = spec.probe_number if spec else ""
        return own_number or self._run.providers[name].own_number(settings)


def _describe_probe(name: str, number: str, outcome: Outcome, failure: str, cancelled: str) -> Finding:
    probe = f"a list probe at {name}, a batch of our own number {mask(number)},"
    match outcome:
        case Done() | MarkMissing() if failure:
            return Finding("", f"{probe} was made and could not be cancelled: {failure}; the next apply cancels it")
        case Done() | MarkMissing():
            return Finding("", f"{probe} was made and cancelled {cancelled}, to prove what the list shows")
        case Ambiguous(message):
            answer = message if is_answer(message) else f"not answered: {message}"
            return Finding("", f"{probe} was {answer}{'' if is_answer(message) else _FOLLOWS}")
        case NotSent(message) | Busy(message=message):
            return Finding("", f"{probe} was not made: {message}{_FOLLOWS}")
        case Rejected(message=message) | OutOfFunds(message):
            return Finding("", f"{probe} was refused: {message}; people stay unsure", unsure=True)
