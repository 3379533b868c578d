"""What the requests of one run were answered, where nothing can be concluded from it. Sends nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from declarative.engine.results import Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.model.lock import Intent
from declarative.privacy import hide_numbers

MAX_ANSWER = 200
"""Characters of an answer that the lock keeps."""


class UnclearAnswers:
    """Works under the lease of one run. Raises StateError and LeaseLost."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._messages: defaultdict[str, list[str]] = defaultdict(list)

    def record(self, address: str, intent: Intent, message: str) -> None:
        """Says at once what was answered, and keeps it with the open intent: plan and status repeat it."""
        answer = shorten_answer(message)
        self._messages[address].append(message)
        self._run.progress(f"{address}: {answer}; it is not known yet whether it was done")
        self._run.ledger.update(address, intents={intent.mark: replace(intent, answer=answer)})

    def find_stop(self, address: str) -> Receipt | None:
        """Why nothing more is sent for an address in this run: its last two answers were alike. None otherwise."""
        messages = self._messages[address][-2:]
        # An answer that did not come says nothing about the next one.
        if len(messages) < 2 or messages[0] != messages[1] or not is_answer(messages[0]):
            return None
        message = f"two requests were {messages[0]}; nothing more is sent for it in this run"
        return Receipt(RequestStatus.FAILED, message=message, final=True)


def is_answer(message: str) -> bool:
    """Whether there was an answer at all, as the message of Ambiguous says."""
    return message.startswith("answered")


def shorten_answer(message: str) -> str:
    """The message of Ambiguous as the lock keeps it."""
    return hide_numbers(message)[:MAX_ANSWER]
