"""`dialctl init`: writes the files of a first project. They validate and run in the sandbox as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from declarative import atomicfile
from declarative.app.bundle import bundle_schema
from declarative.errors import DialctlError, Refused, system_hint
from declarative.model import mark
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock
from declarative.state.format import render_lock

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
    provider: cartesia
  policy:
    max_dials: 1000           # refuse a plan that calls more people in one run
"""

BATCH = """\
# yaml-language-server: $schema=dialctl.schema.json
apiVersion: dialctl/v1
kind: Batch
metadata:
  name: first-campaign        # address: batch/first-campaign
spec:
  agent_id: agent_replace_with_yours
  from_number_id: ap_replace_with_yours
  target_concurrency_limit: 2
  ringing_timeout_seconds: 30
  # scheduled_at: 2030-01-15T16:00:00Z   # not before; at once without it
  retry:
    max_retries: 1            # call again, once, those who were not reached
    on: [dial_no_answer, dial_busy]
    after: 4h
  recipients_from:
    - file: recipients.csv    # a row a person; every other column is metadata for the agent
      to_number: phone
"""

RECIPIENTS = """\
phone,customer_id
+14155550101,cust_001
+14155550102,cust_002
+14155550191,cust_003
"""

IGNORE = """\
# Caches, leases and the sandbox. dialctl.lock is to be committed.
.dialctl/
"""


def write_scaffold(directory: Path, environment: Mapping[str, str]) -> list[Path]:
    """Write the files into a directory, which is made if missing, and return their paths. A lock is among them, unless
    the environment says that locks are kept elsewhere. An existing .gitignore is kept. Raises Refused if another of the
    files exists; nothing is written then."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:63].strip("-") or "first-project"
    files = {
        "project.yaml": PROJECT.format(name=name),
        "first-campaign.yaml": BATCH,
        "recipients.csv": RECIPIENTS,
        "dialctl.schema.json": json.dumps(bundle_schema(), indent=2, ensure_ascii=False) + "\n",
        ".gitignore": IGNORE,
    }
    if not environment.get("DIALCTL_STATE"):
        files["dialctl.lock"] = _render_first_lock(name, environment)
    existing = [file for file in files if (directory / file).exists() and file != ".gitignore"]
    if existing:
        raise Refused(f"already there: {', '.join(existing)}; nothing was written", hint="name an empty directory")
    directory.mkdir(parents=True, exist_ok=True)
    written_paths = []
    for file, text in files.items():
        path = directory / file
        if not path.exists():
            try:
                atomicfile.write_durable(path, text.encode())
            except OSError as error:
                hint = system_hint(error, str(path.parent))
                raise DialctlError(f"cannot write {path}: {error.strerror}", hint=hint) from error
            written_paths.append(path)
    return written_paths


def _render_first_lock(project_name: str, environment: Mapping[str, str]) -> str:
    """A lock under which nothing was sent yet. The first apply sets its birth by the provider's clock."""
    first_lock = Lock(
        project=project_name,
        lineage=mark.new_lineage(),
        born=(datetime.now(UTC) - _CLOCK_ERROR).replace(microsecond=0),
        person_key=PersonKey.from_environment(environment).fingerprint,
    )
    return render_lock(first_lock).decode()
