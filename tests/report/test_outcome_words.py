"""How a call ended, in words for people."""

from __future__ import annotations

import pytest

from declarative.model.capabilities import ProviderType
from declarative.providers.callingbox.type import CALLINGBOX
from declarative.providers.cartesia.type import CARTESIA
from declarative.report.outcome_words import OUTCOME_WORDS, count_outcome_words, describe_outcomes, outcome_word


@pytest.mark.parametrize("provider_type", [CARTESIA, CALLINGBOX], ids=["cartesia", "callingbox"])
def test_every_outcome_that_a_provider_documents_has_a_word_of_ours(provider_type: ProviderType) -> None:
    routes = provider_type.routes.values()
    outcomes = {outcome for route in routes for capabilities in route.values() for outcome in capabilities.outcomes}
    assert outcomes <= set(OUTCOME_WORDS)


def test_words_of_two_providers_for_one_thing_are_counted_together() -> None:
    assert count_outcome_words({"dial_no_answer": 3, "busy": 1, "no_answer": 2}) == {"no answer": 5, "busy": 1}
    assert describe_outcomes({"dial_no_answer": 1_000, "dial_busy": 6}) == "1,000 no answer, 6 busy"


def test_an_unknown_word_is_shown_without_its_control_characters() -> None:
    assert outcome_word("call_diverted\x1b[31m") == "call_diverted[31m"
