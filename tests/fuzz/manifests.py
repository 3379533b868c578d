"""Manifests: mutated as bytes, and as values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.command import ROOT
from tests.fuzz.commands import run_told
from tests.fuzz.mutation import mutated_bytes, mutated_json
from tests.fuzz.search import Check, Surface

_FILES = [file.read_bytes() for file in sorted((ROOT / "examples").glob("[!g]*/*.yaml"))]
_FULL = b"""\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  providers:
    cartesia: {type: cartesia, defaults: {agent_id: a, from_number_id: n}, probe_number: "+14155550199"}
  defaults: {provider: cartesia, default_region: US}
  guard: 2m
  policy:
    calling_hours: {days: [mon, fri], from: "09:00", to: "20:00", zone: recipient}
    max_dials: 50
    countries: [US]
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march, labels: {team: growth}, previously: [batch/feb]}
spec:
  display_name: March outreach
  target_concurrency_limit: 10
  scheduled_at: 2026-12-01T16:00:00Z
  expires_at: 2026-12-08T00:00:00Z
  state: present
  retry: {max_retries: 2, on: [dial_no_answer, dial_busy], after: 4h}
  also: [acb_PDWFN995PzAudChwFDqVZ2]
  recipients: [{to_number: "+14155550101", metadata: {customer_id: c, n: 3.10}}]
  recipients_from:
    - {file: people.csv, to_number: phone, metadata: [plan], where: {plan: [a, b]}, duplicates: first, invalid: skip}
---
apiVersion: dialctl/v1
kind: Call
metadata: {name: callback-ada}
spec: {to_number: "+14155550102", metadata: {customer_id: c}, via: direct}
"""
_PEOPLE = "phone,plan\n+14155550103,a\n+14155550104,b\n"


class _Loader(yaml.SafeLoader):
    """Reads `on` as text, as dialctl does."""

    yaml_implicit_resolvers = {  # noqa: RUF012 as in its parent
        letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _documents(text: bytes) -> list[Any]:
    return list(yaml.load_all(text, Loader=_Loader))


_VALUES = [_documents(text) for text in [_FULL, *_FILES]]


def _as_yaml(content: bytes) -> bytes:
    """The documents of a JSON list, one after the other. JSON is YAML."""
    return b"\n---\n".join(content[1:-1].replace(b'},{"apiVersion"', b'}\n---\n{"apiVersion"').split(b"\n---\n"))


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    (folder / "people.csv").write_text(_PEOPLE)
    (folder / "leads.csv").write_text(_PEOPLE)

    def check(content: bytes) -> None:
        (folder / "m.yaml").write_bytes(content)
        result = run_told("-C", str(folder), "validate", "--json", exits=(0, 1))
        if result.exit == 0:
            run_told("-C", str(folder), "--sandbox", "plan", "--json")
            run_told("-C", str(folder), "--sandbox", "plan")

    yield check


MANIFESTS = Surface(
    "manifests", st.one_of(mutated_bytes([_FULL, *_FILES]), mutated_json(_VALUES).map(_as_yaml)), _open, examples=40
)
