"""YAML is read strictly and within bounds, in every encoding that has a byte order mark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from declarative.manifest import yaml_reader
from declarative.manifest.problems import ProblemCollector
from declarative.model.digest import WrittenNumber
from declarative.model.resource import Json

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder


def values(text: str | bytes) -> list[Json]:
    problems = ProblemCollector()
    data = text.encode() if isinstance(text, str) else text
    documents = yaml_reader.read_documents(Path("x.yaml"), "x.yaml", data, problems)
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
        ("1.5e+3", WrittenNumber("1.5e+3")),
        ("1.0E-07", WrittenNumber("1.0E-07")),
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


_PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()

_VALUES = st.recursive(
    _PLAIN | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=_VALUES, fast=st.booleans())
def test_reads_back_what_yaml_writes(value: Json, fast: bool) -> None:
    text = yaml.safe_dump({"value": value}, default_flow_style=True, allow_unicode=False)
    with composer(yaml_reader.COMPOSER if fast else yaml_reader.PythonComposer):
        assert values(text) == [{"value": value}]


@given(text=st.text(alphabet="0179.eE+-_xXobB:~=<#ynNYtTFf ", max_size=8))
@example("0E0")
@example("1.5e3")
@example("-.5")
@example("0o7")
def test_a_text_that_looks_like_another_type_is_read_back_as_text(text: str) -> None:
    assert values(yaml.safe_dump([text])) == [[text]]


@given(text=st.text(alphabet="ab:-[]{}&*!|>#%@`'\"\n \t0+.,?~<é", max_size=60), fast=st.booleans())
def test_every_text_gives_values_or_problems(text: str, fast: bool) -> None:
    problems = ProblemCollector()
    with composer(yaml_reader.COMPOSER if fast else yaml_reader.PythonComposer):
        documents = yaml_reader.read_documents(Path("x.yaml"), "x.yaml", text.encode(), problems)
    assert all(problem.message for problem in problems)
    assert all(document.value is not None for document in documents)


@contextmanager
def composer(kind: type) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_reader, "COMPOSER", kind)
        yield


def test_a_project_reads_the_same_without_libyaml(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = folder.batch(PERSON)
    monkeypatch.setattr(yaml_reader, "COMPOSER", yaml_reader.PythonComposer)
    slow = folder.load().resources["batch/b"]
    assert (fast.settings, fast.recipients.numbers) == (slow.settings, slow.recipients.numbers)


def test_an_alias_bomb_is_refused(folder: ProjectFolder) -> None:
    lines = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    folder.put({"bomb.yaml": f"apiVersion: dialctl/v1\na0: &a0 [x, x]\n{lines}"})
    assert "more than 1,000,000 values, aliases expanded" in folder.problems()[0]


def test_a_manifest_not_in_utf8_names_the_byte(folder: ProjectFolder) -> None:
    folder.put({"b.yaml": HEAD.encode() + b"  agent_id: caf\xe9\n"})
    position = len(HEAD) + len("  agent_id: caf")
    assert folder.problems() == [
        f"b.yaml:5:16: not UTF-8: byte 0xe9 at byte position {position} (save the file as UTF-8)"
    ]


def test_a_duplicate_key_hides_no_other_problem(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  state: gone\n  agent_id: a\n  agent_id: b\n{PERSON}"})
    assert [problem.partition(": ")[0] for problem in folder.problems()] == ["b.yaml:5:10", "b.yaml:7:3"]


MISTAKES = [
    Mistake(
        "duplicate key",
        f"  agent_id: a\n  agent_id: b\n{PERSON}",
        "b.yaml:6:3",
        'duplicate key "agent_id", first at',
    ),
    Mistake("tab indentation", "\tagent_id: a\n", "b.yaml:5:1", "a tab in the indentation (indent with spaces)"),
    Mistake("unclosed brace", "  agent_id: {a: b\n", "b.yaml:6:1", "not YAML"),
    Mistake("object tag", f"  agent_id: !!python/name:os.system x\n{PERSON}", "b.yaml:5:13", "tag"),
    Mistake("set tag", f"  agent_id: !!set {{a}}\n{PERSON}", "b.yaml:5:13", 'the tag "!!set" is not supported'),
    Mistake(
        "forged tag",
        f"  agent_id: !<(text)> [a]\n{PERSON}",
        "b.yaml:5:13",
        'the tag "(text)" is not supported',
    ),
    Mistake("merge key", f"  <<: {{agent_id: a}}\n{PERSON}", "b.yaml:5:3", "merge keys"),
    Mistake("recursive alias", f"  agent_id: &a [*a]\n{PERSON}", "b.yaml:5:13", "an alias that contains itself"),
    Mistake("deep nesting", f"  agent_id: {'[' * 500}\n", "b.yaml:5:70", "nested deeper than 60 levels"),
    Mistake("bottomless nesting", f"  agent_id: {'[' * 100_000}\n", "b.yaml:5:", "nest"),
    Mistake("list as key", f"  [a]: b\n{PERSON}", "b.yaml:5:3", "a key that is a list or mapping"),
    Mistake("huge number", f"  target_concurrency_limit: {'9' * 5000}\n{PERSON}", "b.yaml:5:29", "is too large"),
    Mistake("endless number", f"  target_concurrency_limit: 1.0e+999\n{PERSON}", "b.yaml:5:29", "is too large"),
    Mistake("control character", "  agent_id: \x01\n", "b.yaml:5:13", "not YAML"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
