"""A project in a temporary directory, provider types as their documents describe them, and texts of manifests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from declarative.errors import ManifestError
from declarative.manifest import Variables, load_desired
from declarative.model.capabilities import ProviderType
from declarative.model.digest import PersonKey
from declarative.model.resource import Desired, Resource
from declarative.model.selection import Selection
from declarative.providers.callingbox.type import CALLINGBOX
from declarative.providers.cartesia.type import CARTESIA
from declarative.providers.vapi.type import VAPI

TYPES: Mapping[str, ProviderType] = {"cartesia": CARTESIA, "callingbox": CALLINGBOX, "vapi": VAPI}

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
CALL = CALL_HEAD + "  to_number: +14155550101\n"
PERSON = "  recipients: [{to_number: +14155550101}]\n"
FROM = "  recipients_from: [{file: r.csv}]\n"
NUMBER = "expected an E.164 number"
"""The end of every message about a number in another form."""
LONG = "x" * 16_384
"""A text that is as large as all variables of a person may be together."""

REFERENCE = """\
# yaml-language-server: $schema=../../schemas/manifest.v1.schema.json
apiVersion: dialctl/v1
kind: Project
metadata:
  name: spring-campaigns              # ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$
spec:
  providers:                          # optional: these two exist by default under these names
    cartesia:
      {type: cartesia, api_version: "2026-03-01", defaults: {agent_id: agent_Fo7p, from_number_id: ap_Q8PR}}
    callingbox: {type: callingbox}
  defaults: {provider: cartesia}      # only fields that every type has
  guard: 2m
  settle: 5m
---
apiVersion: dialctl/v1
kind: Batch
metadata:
  name: march-outreach                # address: batch/march-outreach
  labels: {team: growth}
  previously: [batch/march]
spec:
  display_name: March outreach
  provider: cartesia
  agent_id: agent_Fo7pKNBUwLZxrTd6jvhpaE
  from_number_id: ap_Q8PRh7lXyZsawXJmN2KcT5
  target_concurrency_limit: 10
  ringing_timeout_seconds: 30
  max_call_duration_minutes: 15
  scheduled_at: 2026-12-01T16:00:00Z
  expires_at: 2026-12-08T00:00:00Z
  state: present
  retry: {max_retries: 2, on: [dial_no_answer, dial_busy], after: 4h}
  also: [acb_PDWFN995PzAudChwFDqVZ2]
  recipients:
    - to_number: "+14155550123"
      metadata: {customer_id: cust_123}
  recipients_from:
    - file: recipients.csv
      to_number: phone
      metadata: [customer_id, plan]
---
apiVersion: dialctl/v1
kind: Call
metadata: {name: callback-ada}        # address: call/callback-ada
spec:
  to_number: "+14155550101"
  metadata: {customer_id: cust_456}
  via: direct
"""
"""The example of the reference, with every document kind."""


@dataclass(frozen=True)
class ProjectFolder:
    """A project's directory, which is the working directory."""

    directory: Path
    """The directory, absolute."""

    @property
    def cache(self) -> Path:
        """Where summaries of recipients files are kept."""
        return self.directory / ".dialctl" / "recipients"

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
            selection=Selection(tuple(targets)),
            cache=cache,
        )

    def problems(self, path: str = ".", **options: object) -> list[str]:
        """What is wrong with the project, as the user reads it; empty when nothing is wrong."""
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


def people_of(resource: Resource) -> dict[str, dict[str, object]]:
    """The people of a resource: number to data."""
    return {number: json.loads(payload) for number, payload in resource.recipients.frame.iter_rows()}


@contextmanager
def working_in(directory: Path) -> Iterator[ProjectFolder]:
    """Change the working directory. For property tests, which make many projects within one test."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield ProjectFolder(directory)
    finally:
        os.chdir(before)
