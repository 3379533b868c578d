"""What a plugin raises that it did not mean stays its own: a failed read, or a request of which nothing is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from declarative.errors import Interrupted, ProviderError
from declarative.model.resource import Route
from declarative.providers.base import Ambiguous, NumberChannel, Outcome, RemovalChannel
from declarative.providers.contained import ContainedProvider
from tests.providers.memory_provider import Memory
from tests.providers.scripted_provider import submission


class Broken:
    """Whatever is asked of it fails."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def fail(*_: object) -> object:
            raise RuntimeError(f"no {name}")

        return fail

    def find_calls_to(self, number: str) -> object:
        """Declared, since a protocol is recognised by what its class has."""
        raise RuntimeError("no find_calls_to")


class HalfBroken(Memory):
    """A connection whose channel, and a part of whose own answers, fail."""

    @property
    def channels(self):  # type: ignore[no-untyped-def,override]
        return {Route.CALL: Broken()}

    def now(self):  # type: ignore[no-untyped-def]
        return 1 / 0


PROVIDER = ContainedProvider("memory", HalfBroken())
CHANNEL = PROVIDER.channels[Route.CALL]


@pytest.mark.parametrize(
    "read", [PROVIDER.now, lambda: CHANNEL.read("x"), lambda: CHANNEL.list_pages(["a"])], ids=["now", "read", "list"]
)
def test_a_read_that_fails_names_the_type(read: Callable[[], object]) -> None:
    with pytest.raises(ProviderError, match=r"the provider type memory failed: (ZeroDivision|Runtime)Error"):
        read()


@pytest.mark.parametrize(
    "send", [lambda: CHANNEL.submit(submission()), lambda: CHANNEL.retry("x"), lambda: CHANNEL.cancel("x")]
)
def test_a_request_that_fails_may_have_been_sent(send: Callable[[], Outcome]) -> None:
    outcome = send()
    assert isinstance(outcome, Ambiguous)
    assert outcome.message.startswith("the provider type memory failed: RuntimeError: no ")


def test_a_channel_without_the_request_for_one_person_takes_nobody_off() -> None:
    channel = ContainedProvider("memory", Memory()).channels[Route.CALL]
    assert isinstance(channel, RemovalChannel)
    with pytest.raises(ProviderError, match="cannot take off anybody"):
        channel.find_members("x", frozenset({"+14155550101"}))
    assert isinstance(channel.remove_member("x", "y"), Ambiguous)


def test_a_channel_without_the_search_by_number_is_a_failed_read() -> None:
    for channel, why in (
        (ContainedProvider("memory", Memory()), "cannot search by number"),
        (PROVIDER, "RuntimeError"),
    ):
        contained = channel.channels[Route.CALL]
        assert isinstance(contained, NumberChannel)
        with pytest.raises(ProviderError, match=why):
            contained.find_calls_to("+14155550101")


def test_pages_that_break_off_are_a_failed_read() -> None:
    def pages():  # type: ignore[no-untyped-def]
        yield []
        raise KeyError("cursor")

    channel = Memory().channels[Route.CALL]
    channel.list_pages = lambda agents: [pages()]  # type: ignore[method-assign]
    memory = Memory()
    memory._channels = {Route.CALL: channel}
    [history] = ContainedProvider("memory", memory).channels[Route.CALL].list_pages(["a"])
    assert next(history) == []
    with pytest.raises(ProviderError, match="KeyError"):
        next(history)


def test_a_signal_passes() -> None:
    memory = Memory()

    def interrupt() -> object:
        raise Interrupted("stopped", terminated=False)

    memory.now = interrupt  # type: ignore[method-assign,assignment]
    with pytest.raises(Interrupted):
        ContainedProvider("memory", memory).now()
