"""How a request is repeated that may be: with back-off and jitter, as the provider asks for."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential

from declarative.providers.http.outcomes import Answer, NoAnswer

ATTEMPTS = 5
"""How often a read is sent at most."""
MAX_RETRY_DELAY = 60.0
"""Seconds. A read is not repeated where the provider asks for a longer wait."""
_BACKOFF = wait_random_exponential(multiplier=0.5, max=15)


def send_with_retries(
    send: Callable[[], Answer | NoAnswer],
    sleep: Callable[[float], None],
    is_too_late: Callable[[RetryCallState], bool] = lambda _: False,
) -> Answer | NoAnswer:
    retrying = Retrying(
        stop=lambda state: state.attempt_number >= ATTEMPTS or is_too_late(state),
        wait=_backoff_delay,
        retry=retry_if_result(_is_retryable),
        retry_error_callback=_last_answer,
        sleep=sleep,
    )
    return retrying(send)


def _is_retryable(answer: Answer | NoAnswer) -> bool:
    if isinstance(answer, NoAnswer):
        return True
    return answer.is_transient and (answer.retry_after or 0.0) <= MAX_RETRY_DELAY


def _last_answer(retry_state: RetryCallState) -> Answer | NoAnswer:
    assert retry_state.outcome is not None
    answer: Answer | NoAnswer = retry_state.outcome.result()
    return answer


def _backoff_delay(retry_state: RetryCallState) -> float:
    answer = _last_answer(retry_state)
    retry_after = answer.retry_after if isinstance(answer, Answer) else None
    backoff = _BACKOFF(retry_state)
    return backoff if retry_after is None else max(retry_after, backoff)
