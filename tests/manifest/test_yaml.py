"""The traps of YAML are closed, and every encoding that carries a mark is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from declarative.manifest import yaml_reader as read
from declarative.manifest.problems import ProblemCollector
from declarative.model.resource import Json

from .house import HEAD, PERSON, PROJECT, House


def values(text: str | bytes) -> list[Json]:
    problems = ProblemCollector()
    data = text.encode() if isinstance(text, str) else text
    documents = read.read_documents(Path("x.yaml"), "x.yaml", data, problems)
    assert problems.is_empty
    return [document.value for document in documents]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("On", "On"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("-0", "-0"),
        ("0x1F", "0x1F"),
        ("0o7", "0o7"),
        ("0b11", "0b11"),
        ("017", "017"),
        ("02134", "02134"),
        ("1_000", "1_000"),
        ("18446744073709551615", 18446744073709551615),
        ("1.5", 1.5),
        ("-1.5", -1.5),
        ("0.0", 0.0),
        ("1.5e+3", 1500.0),
        ("1.0E-07", 1e-07),
        ("1.5e3", "1.5e3"),
        ("1e3", "1e3"),
        ("1e5", "1e5"),
        ("12e4567", "12e4567"),
        ("0E0", "0E0"),
        ("-1e+3", "-1e+3"),
        ("01.5", "01.5"),
        ("+1.5", "+1.5"),
        ("1.", "1."),
        (".5", ".5"),
        ("-.5", "-.5"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("N", "N"),
        ("+14155550101", "+14155550101"),
        ("+5", "+5"),
        ("2026-12-01T16:00:00Z", "2026-12-01T16:00:00Z"),
        ("2026-12-01", "2026-12-01"),
        ("2026-12-01 16:00:00", "2026-12-01 16:00:00"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_is_what_it_looks_like(written: str, value: Json) -> None:
    (read_value,) = values(f"a: {written}\n")
    assert read_value == {"a": value}
    assert type(read_value["a"]) is type(value)  # type: ignore[call-overload,index]


def test_keys_are_text_as_written() -> None:
    assert values("{1: a, no: b, ~: c, true: d}") == [{"1": "a", "no": "b", "~": "c", "true": "d"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-8"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_byte_order_marks_and_line_ends(encoding: str, line_end: str) -> None:
    assert values(f"a: é{line_end}b: [1]{line_end}".encode(encoding)) == [{"a": "é", "b": [1]}]


def test_aliases_are_fine_within_bounds() -> None:
    assert values("a: &x {k: v}\nb: [*x, *x]\n") == [{"a": {"k": "v"}, "b": [{"k": "v"}, {"k": "v"}]}]


def test_positions_count_characters_from_one(house: House) -> None:
    people = "  recipients: [{né: 🎉, to_number: 5}]"
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD.replace("\n", "\r\n") + people})
    assert [problem.partition(" ")[0] for problem in house.problems()] == ["b.yaml:5:17:", "b.yaml:5:35:"]


_PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()
_VALUES = st.recursive(
    _PLAIN | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=_VALUES, fast=st.booleans())
def test_reads_back_what_yaml_writes(value: Json, fast: bool) -> None:
    text = yaml.safe_dump({"value": value}, default_flow_style=True, allow_unicode=False)
    with composer(read.COMPOSER if fast else read.PythonComposer):
        assert values(text) == [{"value": value}]


@given(text=st.text(alphabet="0179.eE+-_xXobB:~=<#ynNYtTFf ", max_size=8))
@example("0E0")
@example("1.5e3")
@example("-.5")
@example("0o7")
def test_a_text_that_looks_like_something_else_is_read_back_as_text(text: str) -> None:
    assert values(yaml.safe_dump([text])) == [[text]]


@given(text=st.text(alphabet="ab:-[]{}&*!|>#%@`'\"\n \t0+.,?~<é", max_size=60), fast=st.booleans())
def test_whatever_is_written_gives_values_or_problems(text: str, fast: bool) -> None:
    problems = ProblemCollector()
    with composer(read.COMPOSER if fast else read.PythonComposer):
        documents = read.read_documents(Path("x.yaml"), "x.yaml", text.encode(), problems)
    assert all(problem.message for problem in problems)
    assert all(document.value is not None for document in documents)


@contextmanager
def composer(kind: type) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "COMPOSER", kind)
        yield


def test_a_project_reads_the_same_without_libyaml(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = house.batch(PERSON)
    monkeypatch.setattr(read, "COMPOSER", read.PythonComposer)
    slow = house.load().resources["batch/b"]
    assert (fast.settings, fast.recipients.numbers) == (slow.settings, slow.recipients.numbers)
