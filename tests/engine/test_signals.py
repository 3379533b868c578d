"""A signal stops a run between two requests; a person who is asked something is interrupted at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from declarative.engine.signals import StopSignal
from declarative.errors import Exit, Interrupted


@pytest.fixture
def keep_handlers() -> Iterator[None]:
    """Puts the handlers of the test process back."""
    handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    yield
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


pytestmark = pytest.mark.usefixtures("keep_handlers")


def send(signum: int) -> None:
    os.kill(os.getpid(), signum)


def test_a_signal_is_noticed_at_the_next_check() -> None:
    noticed: list[bool] = []
    stop = StopSignal(lambda: noticed.append(True))
    stop.listen()
    stop.check()
    send(signal.SIGINT)
    assert (stop.requested, noticed) == (True, [True])
    with pytest.raises(Interrupted, match="stopped by Ctrl-C; what was sent is recorded"):
        stop.check()


def test_a_second_signal_gets_the_default_handler() -> None:
    stop = StopSignal()
    stop.listen()
    send(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_sleeping_ends_when_a_signal_came() -> None:
    stop = StopSignal()
    stop.listen()
    send(signal.SIGTERM)
    with pytest.raises(Interrupted, match="stopped by SIGTERM") as caught:
        stop.pause(3_600)
    assert caught.value.exit_code is Exit.TERMINATED


def test_a_question_is_interrupted_at_once_and_the_handlers_come_back() -> None:
    stop = StopSignal()
    stop.listen()
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match="nothing was sent"), stop.interruptible():
        send(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == handler
    assert not stop.requested


def test_a_signal_from_before_a_question_ends_it() -> None:
    stop = StopSignal()
    stop.listen()
    send(signal.SIGTERM)
    with pytest.raises(Interrupted, match="nothing was sent"), stop.interruptible():
        pytest.fail("the question was asked")
