"""A project in a temporary directory, the provider types as their documents describe them, and manifests to
put in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from declarative.errors import ManifestError
from declarative.manifest import Variables, load_desired
from declarative.model.capabilities import Capabilities, ProviderType
from declarative.model.digest import PersonKey
from declarative.model.resource import Desired, Resource, Route

_BATCH = Capabilities(
    max_people=5000,
    provable=True,
    schedulable=True,
    cancellable=True,
    retryable=True,
    returns_data=True,
    outcomes=frozenset({"dial_no_answer", "dial_busy", "dial_failed"}),
    personal=("metadata",),
    per_second=1.0,
)
_CALL = replace(_BATCH, max_people=1, provable=False, schedulable=False, cancellable=False, retryable=False)
_VARIABLES = ("dynamic_variables",)

TYPES: Mapping[str, ProviderType] = {
    "cartesia": ProviderType(
        name="cartesia",
        key_variable="CARTESIA_API_KEY",
        url_variable="CARTESIA_BASE_URL",
        default_url="https://api.cartesia.ai",
        versions=("2026-03-01", "2026-08-14", "2025-04-16"),
        routes={
            "2026-03-01": {Route.BATCH: _BATCH, Route.CALL: _CALL},
            "2026-08-14": {
                Route.BATCH: replace(_BATCH, personal=_VARIABLES),
                Route.CALL: replace(_CALL, personal=_VARIABLES),
            },
            "2025-04-16": {Route.CALL: _CALL},
        },
        refused={},
    ),
    "callingbox": ProviderType(
        name="callingbox",
        key_variable="CALLINGBOX_API_KEY",
        url_variable="CALLINGBOX_BASE_URL",
        default_url="https://api.callingbox.io",
        versions=("2026-04",),
        routes={
            "2026-04": {
                Route.CALL: replace(
                    _CALL,
                    outcomes=frozenset({"no_answer", "busy", "failed"}),
                    personal=("metadata", "context"),
                    per_second=None,
                )
            }
        },
        refused={"persona": "lives on the agent; change the agent, or point to another one"},
    ),
}

PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  providers:
    cartesia: {type: cartesia, defaults: {agent_id: agent_1, from_number_id: ap_1}}
    newer: {type: cartesia, api_version: 2026-08-14, defaults: {agent_id: agent_1, from_number_id: ap_1}}
    legacy: {type: cartesia, api_version: 2025-04-16, defaults: {agent_id: agent_1}}
    callingbox: {type: callingbox, defaults: {agent_id: agent_1}}
  defaults: {provider: cartesia}
"""

HEAD = """\
apiVersion: dialctl/v1
kind: Batch
metadata: {name: b}
spec:
"""
"""Four lines; what a test adds below begins at line 5."""

CALL_HEAD = HEAD.replace("Batch", "Call").replace("name: b", "name: c")
PERSON = "  recipients: [{to_number: +14155550101}]\n"
FROM = "  recipients_from: [{file: r.csv}]\n"


@dataclass(frozen=True)
class House:
    """A project's directory, which is where the user stands."""

    directory: Path

    def put(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def load(
        self,
        path: str = ".",
        *,
        variables: Variables | None = None,
        targets: Sequence[str] = (),
        cache: Path | None = None,
        secret: str | None = None,
    ) -> Desired:
        return load_desired(
            self.directory / path,
            provider_types=TYPES,
            variables=variables or Variables(),
            key=PersonKey(secret),
            targets=targets,
            cache=cache,
        )

    def problems(self, path: str = ".", **options: object) -> list[str]:
        """What is wrong with the project, as the user reads it; empty when nothing is."""
        try:
            self.load(path, **options)  # type: ignore[arg-type]
        except ManifestError as error:
            return [str(problem) for problem in error.problems]
        return []

    def batch(self, spec: str, **files: str | bytes) -> Resource:
        """The Batch of `spec` (text from line 5 on, indented by two) in a project of its own."""
        self.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec})
        self.put(files)
        return self.load().resources["batch/b"]

    def call(self, spec: str) -> Resource:
        self.put({"project.yaml": PROJECT, "c.yaml": CALL_HEAD + spec})
        return self.load().resources["call/c"]


def rows(resource: Resource) -> dict[str, dict[str, object]]:
    """The people of a resource: number to data."""
    return {number: json.loads(payload) for number, payload in resource.recipients.frame.iter_rows()}


@contextmanager
def standing_in(directory: Path) -> Iterator[House]:
    """For property tests, which make many projects within one test."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield House(directory)
    finally:
        os.chdir(before)
