"""What is said of people who may be in a request whose answer was lost, and the way out for them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from declarative import humanize
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Observation
from declarative.planning.plan import Action


def keep_unwanted(observation: Observation, actions: Sequence[Action]) -> list[Action]:
    """Return an action for lost requests in which nobody is wanted any more; empty where there are none, or where they
    hold back people who are wanted.

    These people may still be called, so the plan must not look as if nothing was open. It needs nobody: whoever is
    unsure stays in the lock, and is not called if the manifest comes back.
    """
    intents = observation.facts.open_intents()
    if not intents or any(action.verb is Verb.BLOCK for action in actions):
        return []
    is_applied_now = observation.lease_holder is not None
    action = Action(
        address=observation.facts.address,
        verb=Verb.BLOCK if is_applied_now else Verb.KEEP,
        reason=Reason.BEING_APPLIED if is_applied_now else Reason.UNSURE,
        provider=observation.provider,
        people=sum(intent.count for intent in intents),
        detail=describe_unsure(observation) if is_applied_now else _describe_unwanted(observation),
        hint="" if is_applied_now else _hint_unwanted(observation),
    )
    return [action]


def describe_unsure(observation: Observation) -> str:
    """Say why nobody knows whether people of an address were called."""
    if observation.lease_holder:
        return f"being applied by {observation.lease_holder}"
    intents, unnamed = observation.facts.open_intents(), observation.facts.unnamed_batches()
    if intents:
        when = humanize.when(min(intent.sent_at for intent in intents))
        answers = "; ".join({intent.answer: None for intent in intents if intent.answer})
        return f"an answer was lost at {when}; not proven either way{f': {answers}' if answers else ''}"
    if unnamed:
        count = humanize.people(sum(remote_record.count for remote_record in unnamed.values()))
        return f"a batch of {count} counts as called, and it is not known who was in it: these people may have been"
    if observation.facts.doubted_elsewhere:
        return "a call to the same number was lost at another address, and nothing would tell the two calls apart"
    return "they may have been sent and are not found: nothing proves that they were not called"


def hint_unsure(observation: Observation) -> str:
    """Name the way out for people of whom describe_unsure() tells; empty where another run settles it now."""
    if observation.lease_holder:
        return ""
    facts = observation.facts
    if facts.doubted_elsewhere and not (
        facts.open_intents() or facts.unnamed_batches() or facts.resource_record.unseen
    ):
        return "settle the other one first: dialctl status shows it"
    by_person = f"dialctl resolve {observation.facts.address} --placed | --not-placed"
    if observation.facts.has_doubtful_batch():
        return f"run dialctl apply again: it looks for the lost batch, and goes on once it knows; or else {by_person}"
    return by_person


def _describe_unwanted(observation: Observation) -> str:
    intents = observation.facts.open_intents()
    count = humanize.people(sum(intent.count for intent in intents))
    return f"unsure: {count}, no longer wanted: {describe_unsure(observation)}"


def _hint_unwanted(observation: Observation) -> str:
    address = observation.facts.address
    if observation.facts.has_doubtful_batch():
        looks = "dialctl apply looks for the lost batch, and takes off whoever waits in it"
        return f"{looks}; if nothing proves it: dialctl resolve {address} --placed | --not-placed"
    return f"nothing waits for it; to settle it: dialctl resolve {address} --placed | --not-placed"
