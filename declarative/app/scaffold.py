"""`dialctl init`: writes the files of a first project. They validate and run in the sandbox as they are."""

from __future__ import annotations

import re
from pathlib import Path

from declarative.errors import Refused

PROJECT = """\
# yaml-language-server: $schema=https://dialctl.dev/schemas/manifest.v1.schema.json
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
# yaml-language-server: $schema=https://dialctl.dev/schemas/manifest.v1.schema.json
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


def write_scaffold(directory: Path) -> list[Path]:
    """Write the files into a directory, which is made if missing, and return their paths. An existing .gitignore is
    kept. Raises Refused if another of the files exists; nothing is written then."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:63].strip("-") or "first-project"
    files = {
        "project.yaml": PROJECT.format(name=name),
        "first-campaign.yaml": BATCH,
        "recipients.csv": RECIPIENTS,
        ".gitignore": IGNORE,
    }
    existing = [file for file in files if (directory / file).exists() and file != ".gitignore"]
    if existing:
        raise Refused(f"already there: {', '.join(existing)}; nothing was written", hint="name an empty directory")
    directory.mkdir(parents=True, exist_ok=True)
    written_paths = []
    for file, text in files.items():
        path = directory / file
        if not path.exists():
            path.write_text(text)
            written_paths.append(path)
    return written_paths
