"""`dialctl init`: writes the files of a first project. They validate and run in the sandbox as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from declarative import atomicfile
from declarative.app.bundle import bundle_schema
from declarative.app.first_batch import NOTHING_OFFERED, FieldOffer, render_first_batch
from declarative.errors import DialctlError, Refused, system_hint
from declarative.model import mark
from declarative.model.capabilities import ProviderType
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock
from declarative.state.format import render_lock

_KEPT = (".gitignore", ".gitattributes")
"""Files that may be there already."""
_CLOCK_ERROR = timedelta(days=1)
"""By how much the clock of this machine may be wrong before any provider has told the time."""

PROJECT = """\
# yaml-language-server: $schema=dialctl.schema.json
apiVersion: dialctl/v1
kind: Project
metadata:
  name: {name}                # part of every mark at the provider: choose it once
spec:
  guard: 2m                   # nobody is called sooner than this after a request, so that a twin can be cancelled
  defaults:
    provider: {provider}
  policy:
    max_dials: 1000           # refuse a plan that calls more people in one run
"""

RECIPIENTS = """\
phone,customer_id
+14155550101,cust_001
+14155550102,cust_002
+14155550191,cust_003
"""

UNION = "dialctl.history.jsonl merge=union\ndialctl.halt merge=union"
"""Makes git keep the lines of both where two branches called somebody, or halted something."""

IGNORE = """\
# Caches, leases and the sandbox. dialctl.lock is to be committed.
.dialctl/
"""


@dataclass(frozen=True)
class FirstProvider:
    """The provider of a first project."""

    type: ProviderType
    """What it is."""
    agent: FieldOffer = NOTHING_OFFERED
    """The agent that speaks."""
    number: FieldOffer = NOTHING_OFFERED
    """The number to call from."""


def check_directory(directory: Path, environment: Mapping[str, str]) -> None:
    """Raise Refused if a file that init writes is there already, other than .gitignore and .gitattributes."""
    existing = [file for file in _list_files(environment) if (directory / file).exists() and file not in _KEPT]
    if existing:
        raise Refused(f"already there: {', '.join(existing)}; nothing was written", hint="name an empty directory")


def write_scaffold(directory: Path, environment: Mapping[str, str], provider: FirstProvider) -> list[Path]:
    """Write the files into a directory, which is made if missing, and return their paths. A lock is among them, unless
    the environment says that locks are kept elsewhere. An existing .gitignore is kept, and .gitattributes gets a line
    more. Raises Refused if another of the
    files exists; nothing is written then."""
    check_directory(directory, environment)
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:63].strip("-") or "first-project"
    attributes = _read_attributes(directory / ".gitattributes")
    texts = {
        "project.yaml": PROJECT.format(name=name, provider=provider.type.name),
        "first-campaign.yaml": render_first_batch(provider.type, provider.agent, provider.number),
        "recipients.csv": RECIPIENTS,
        "dialctl.schema.json": json.dumps(bundle_schema(), indent=2, ensure_ascii=False) + "\n",
        ".gitignore": IGNORE,
        ".gitattributes": attributes,
        "dialctl.lock": _render_first_lock(name, environment),
    }
    directory.mkdir(parents=True, exist_ok=True)
    written_paths = []
    for file in _list_files(environment):
        path = directory / file
        if not path.exists() or (file == ".gitattributes" and path.read_text(encoding="utf-8") != attributes):
            try:
                atomicfile.write_durable(path, texts[file].encode())
            except OSError as error:
                hint = system_hint(error, str(path.parent))
                raise DialctlError(f"cannot write {path}: {error.strerror}", hint=hint) from error
            written_paths.append(path)
    return written_paths


def _list_files(environment: Mapping[str, str]) -> list[str]:
    files = ["project.yaml", "first-campaign.yaml", "recipients.csv", "dialctl.schema.json", ".gitignore"]
    return files if environment.get("DIALCTL_STATE") else [*files, ".gitattributes", "dialctl.lock"]


def _read_attributes(path: Path) -> str:
    """The .gitattributes that is there, with our line. A file that has it already comes back as it is."""
    existing = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in UNION.splitlines() if line not in existing.splitlines()]
    if not missing:
        return existing
    return existing + ("\n" if existing and not existing.endswith("\n") else "") + "\n".join([*missing, ""])


def _render_first_lock(project_name: str, environment: Mapping[str, str]) -> str:
    """A lock under which nothing was sent yet. The first apply sets its birth by the provider's clock."""
    first_lock = Lock(
        project=project_name,
        lineage=mark.new_lineage(),
        born=(datetime.now(UTC) - _CLOCK_ERROR).replace(microsecond=0),
        person_key=PersonKey.from_environment(environment).fingerprint,
    )
    return render_lock(first_lock).decode()
