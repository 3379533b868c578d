"""Small manifests as text, for tests that need other people than the examples have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

AGENT = "agent_Fo7pKNBUwLZxrTd6jvhpaE"
CARTESIA = {"agent_id": AGENT, "from_number_id": "ap_Q8PRh7lXyZsawXJmN2KcT5"}
CALLINGBOX = {"provider": "callingbox", "agent_id": "7b1f4c7e-52a4-4b0e-9c53-6d1e2a8f0c11"}


def project_yaml(**spec: Any) -> str:
    return _document("Project", "spring", {"defaults": {"provider": "cartesia"}, **spec})


def batch_yaml(name: str, people: Sequence[str], **spec: Any) -> str:
    """At Cartesia; other settings and another provider by `spec`."""
    settings = spec if "provider" in spec else {**CARTESIA, **spec}
    recipients = {"recipients": [{"to_number": number} for number in people]} if people else {}
    return _document("Batch", name, {**settings, **recipients})


def call_yaml(name: str, number: str, **spec: Any) -> str:
    settings = spec if "provider" in spec else {**CARTESIA, **spec}
    return _document("Call", name, {**settings, "to_number": number})


def _document(kind: str, name: str, spec: dict[str, Any]) -> str:
    head = {"apiVersion": "dialctl/v1", "kind": kind, "metadata": {"name": name}}
    return yaml.safe_dump({**head, "spec": spec})
