"""The data of people as JSON text is the same, byte by byte, as the canonical JSON of each row."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from declarative.manifest.recipients.payloads import build_payloads
from declarative.model.digest import canonical_json

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.fixed_dictionaries({"b": TEXT, "a": TEXT, 'é"\n': TEXT}), max_size=8))
def test_texts_come_out_as_canonical_json(data: list[dict[str, str]]) -> None:
    frame = pl.DataFrame(data, schema=dict.fromkeys(["b", "a", 'é"\n'], pl.String))
    built = build_payloads(frame, {"metadata": frame.columns}).to_list()
    assert built == [canonical_json({"metadata": row}).decode() for row in data]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "n": st.none() | st.integers(-(2**63), 2**63 - 1),
                "f": st.none() | st.floats(allow_nan=False),
                "t": st.none() | TEXT,
                "z": st.none() | st.booleans(),
                "l": st.none() | st.lists(TEXT, max_size=2),
            }
        ),
        max_size=8,
    )
)
def test_typed_values_come_out_as_canonical_json(data: list[dict[str, object]]) -> None:
    schema = {"n": pl.Int64, "f": pl.Float64, "t": pl.String, "z": pl.Boolean, "l": pl.List(pl.String)}
    frame = pl.DataFrame(data, schema=schema)
    built = build_payloads(frame, {"metadata": ["z", "t", "n"], "context": ["f", "l"], "none": []}).to_list()
    assert built == [canonical_json(_person(row, {"metadata": "ztn", "context": "fl"})).decode() for row in data]


def _person(row: dict[str, object], fields: dict[str, str]) -> dict[str, dict[str, object]]:
    person = {field: {name: row[name] for name in names if row[name] is not None} for field, names in fields.items()}
    return {field: data for field, data in person.items() if data}
