"""Projects at providers with a key, or with a cancel that must come before the start: what their manifests say, and
which request calls people. Data only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REACHED, SILENT, BUSY = "+14155550101", "+14155550191", "+14155550192"


@dataclass(frozen=True)
class Voice:
    """A provider type under one API version."""

    name: str
    """Of the type, and of the row."""
    operation: str
    """The request that calls people."""
    cancel: str
    """The request that takes them back; empty where there is none."""
    listing: str
    """The request that lists what exists."""
    unanswered: str
    """Its word for a call that nobody took."""
    defaults: Mapping[str, str]
    """Settings of every resource."""
    version: str = ""
    """Of the API; empty for the type's first."""
    agent: str = "agent_id"
    """The setting that names who speaks."""
    batch_fields: str = ""
    """Further fields of every Batch."""

    @property
    def title(self) -> str:
        """Type and version, for people."""
        return f"{self.name} {self.version}".strip()

    def document(self, kind: str, spec: str) -> str:
        """A project with one resource, whose spec is written in YAML's flow style, without the braces."""
        version = f", api_version: {self.version}" if self.version else ""
        defaults = ", ".join(f'{name}: "{value}"' for name, value in self.defaults.items())
        provider = f"{{type: {self.name}{version}, defaults: {{{defaults}}}}}"
        project = "apiVersion: dialctl/v1\nkind: Project\nmetadata: {name: voices}\nspec:\n"
        project += f"  defaults: {{provider: voice}}\n  providers: {{voice: {provider}}}\n---\napiVersion: dialctl/v1\n"
        return f"{project}kind: {kind}\nmetadata: {{name: survey}}\nspec: {{{spec}}}\n"

    def batch(self, numbers: Iterable[str], more: str = "", data: str = "") -> str:
        """`more` is further fields of the spec, `data` those of every recipient."""
        people = ", ".join(f'{{to_number: "{number}"{data}}}' for number in numbers)
        return self.document("Batch", f"{self.batch_fields}{more}recipients: [{people}]")

    def call(self, number: str, more: str = "") -> str:
        return self.document("Call", f'{more}to_number: "{number}"')


_ELEVEN = {"agent_id": "agent_A", "agent_phone_number_id": "phnum_A"}
CAMPAIGNS = Voice("elevenlabs", "submitCampaign", "stopCampaign", "listCampaigns", "no_answer", _ELEVEN)
BATCHES = Voice("elevenlabs", "submitBatch", "cancelBatch", "listBatches", "failed", _ELEVEN, "batch-calling")
EVENTS = Voice(
    "telnyx",
    "createScheduledEvent",
    "deleteScheduledEvent",
    "listScheduledEvents",
    "no-answer",
    {"assistant_id": "assistant-A", "telnyx_agent_target": "+12025550100"},
    agent="assistant_id",
)
VAPI = Voice(
    "vapi",
    "createCampaignV2",
    "cancelCampaignV2",
    "listCampaignsV2",
    "customer-did-not-answer",
    {"assistantId": "assistant-A", "phoneNumberId": "number-A", "expires_at": "2099-01-01T00:00:00Z"},
    agent="assistantId",
    batch_fields="maxConcurrency: 10, ",
)
VOICES = (CAMPAIGNS, BATCHES, EVENTS)
PHONE_CALLS = Voice(
    "retell",
    "createPhoneCall",
    "",
    "listCalls",
    "dial_no_answer",
    {"override_agent_id": "agent_A", "from_number": "+12025550100"},
    agent="override_agent_id",
)
"""Single calls: what was placed can be neither moved nor taken back."""
QUEUED_CALLS = Voice(
    "twilio",
    "createCall",
    "updateCall",
    "listCalls",
    "no-answer",
    {"From": "+12025550100", "Url": "https://agent.example.com/twiml"},
    agent="Url",
)
"""Single calls without a mark, which wait in a queue of the provider's own."""
