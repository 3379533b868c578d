"""Wrong documents: their YAML, their fields, their values, their variables."""

from __future__ import annotations

from .house import CALL_HEAD, HEAD, PERSON
from .wrong import Case

CASES = [
    # YAML
    Case(
        "duplicate key",
        f"  agent_id: a\n  agent_id: b\n{PERSON}",
        "b.yaml:6:3",
        'duplicate key "agent_id", first at',
    ),
    Case("tab indentation", "\tagent_id: a\n", "b.yaml:5:1", "a tab in the indentation (indent with spaces)"),
    Case("unclosed brace", "  agent_id: {a: b\n", "b.yaml:6:1", "not YAML"),
    Case("object tag", f"  agent_id: !!python/name:os.system x\n{PERSON}", "b.yaml:5:13", "tag"),
    Case("set tag", f"  agent_id: !!set {{a}}\n{PERSON}", "b.yaml:5:13", 'the tag "!!set" is not supported'),
    Case(
        "forged tag",
        f"  agent_id: !<(text)> [a]\n{PERSON}",
        "b.yaml:5:13",
        'the tag "(text)" is not supported',
    ),
    Case("merge key", f"  <<: {{agent_id: a}}\n{PERSON}", "b.yaml:5:3", "merge keys"),
    Case("recursive alias", f"  agent_id: &a [*a]\n{PERSON}", "b.yaml:5:13", "an alias that contains itself"),
    Case("deep nesting", f"  agent_id: {'[' * 100_000}\n", "b.yaml:5:70", "nested deeper than 60 levels"),
    Case("list as key", f"  [a]: b\n{PERSON}", "b.yaml:5:3", "a key that is a list or mapping"),
    Case("huge number", f"  target_concurrency_limit: {'9' * 5000}\n{PERSON}", "b.yaml:5:29", "is too large"),
    Case("endless number", f"  target_concurrency_limit: 1e999\n{PERSON}", "b.yaml:5:29", "is too large"),
    Case("control character", "  agent_id: \x01\n", "b.yaml:5:13", "not YAML"),
    # fields
    Case(
        "unknown field",
        f"  from_number: ap_1\n{PERSON}",
        "b.yaml:5:3",
        'spec.from_number: unknown field "from_number" for provider type cartesia '
        '(did you mean "from_number_id"?)',
    ),
    Case(
        "unknown inner field",
        f"  retry: {{max_retries: 1, on: [dial_busy], aftr: 4h}}\n{PERSON}",
        "b.yaml:5:44",
        'spec.retry.aftr: unknown field "aftr" (did you mean "after"?)',
    ),
    Case(
        "unknown metadata",
        PERSON,
        "b.yaml:3:21",
        'unknown field "lables" (did you mean "labels"?)',
        HEAD.replace("name: b", "name: b, lables: {}"),
    ),
    Case(
        "other version's field",
        f"  region: US\n{PERSON}",
        "b.yaml:5:3",
        '"region" needs api_version 2026-08-14',
    ),
    Case(
        "other provider's field",
        f"  instructions: Hi\n{PERSON}",
        "b.yaml:5:3",
        "it is a field of provider type callingbox",
    ),
    Case(
        "no such schedule",
        f"  provider: callingbox\n  scheduled_at: 2026-12-01T16:00:00Z\n{PERSON}",
        "b.yaml:6:3",
        'unknown field "scheduled_at" for provider type callingbox',
    ),
    Case(
        "legacy route",
        f"  provider: legacy\n  from_number_id: ap_1\n{PERSON}",
        "b.yaml:6:3",
        '"from_number_id" needs api_version 2026-03-01 or 2026-08-14',
    ),
    Case(
        "refused field",
        f"  provider: callingbox\n  persona: Ann\n{PERSON}",
        "b.yaml:6:3",
        "it lives on the agent",
    ),
    Case("metadata of a Batch", f"  metadata: {{a: b}}\n{PERSON}", "b.yaml:5:3", "belongs to each recipient"),
    Case(
        "number of a Batch",
        f"  to_number: +14155550101\n{PERSON}",
        "b.yaml:5:3",
        "use kind: Call for one person",
    ),
    Case(
        "retry of a Call",
        "  to_number: +14155550101\n  retry: {}\n",
        "b.yaml:6:3",
        "is rung once in its life",
        CALL_HEAD,
    ),
    Case(
        "schedule of a direct Call",
        "  to_number: +14155550101\n  scheduled_at: 2026-12-01T16:00:00Z\n",
        "b.yaml:6:3",
        '"scheduled_at" needs via: batch',
        CALL_HEAD,
    ),
    Case(
        "batch of a provider without",
        "  to_number: +14155550101\n  via: batch\n  provider: callingbox\n",
        "b.yaml:6:8",
        "has no batches (use via: direct)",
        CALL_HEAD,
    ),
    Case(
        "pace of a batch", f"  pace: {{max_in_flight: 2}}\n{PERSON}", "b.yaml:5:9", "pace is for single calls"
    ),
    Case(
        "also without batches",
        f"  provider: callingbox\n  also: [x]\n{PERSON}",
        "b.yaml:6:9",
        "has none for this",
    ),
    Case(
        "wrong kind",
        PERSON,
        "b.yaml:2:7",
        'found "batch", expected one of Project, Batch, Call (did you mean "Batch"?)',
        HEAD.replace("Batch", "batch"),
    ),
    Case(
        "wrong apiVersion",
        PERSON,
        "b.yaml:1:13",
        'found "dialctl/v2", expected "dialctl/v1"',
        HEAD.replace("v1", "v2"),
    ),
    Case(
        "no metadata",
        PERSON,
        "b.yaml:1:1",
        'missing field "metadata"',
        HEAD.replace("metadata: {name: b}\n", "\n"),
    ),
    Case(
        "name with a capital",
        PERSON,
        "b.yaml:3:18",
        "expected 1 to 63 lower-case letters",
        HEAD.replace(": b}", ": B}"),
    ),
    Case(
        "name with a variable",
        PERSON,
        "b.yaml:3:18",
        "and no variable",
        HEAD.replace(": b}", ': "${var.x}"}'),
    ),
    Case("other YAML", "", "b.yaml:1:1", "without apiVersion and kind: not a manifest", "services: {}\n"),
    Case("a list", "", "b.yaml:1:1", "found a list without apiVersion", "- 1\n"),
    # values
    Case(
        "number wanted",
        f"  ringing_timeout_seconds: '30'\n{PERSON}",
        "b.yaml:5:28",
        'found "30", expected a whole number',
    ),
    Case(
        "text wanted",
        f"  agent_id: 5\n{PERSON}",
        "b.yaml:5:13",
        "found the number 5, expected text (put it in quotes)",
    ),
    Case("list wanted", "  recipients: 5\n", "b.yaml:5:15", "found the number 5, expected a list"),
    Case(
        "out of range",
        f"  ringing_timeout_seconds: 4\n{PERSON}",
        "b.yaml:5:28",
        "found the number 4, expected 5 to 80",
    ),
    Case("state word", f"  state: cancled\n{PERSON}", "b.yaml:5:10", 'did you mean "cancelled"?'),
    Case(
        "duration",
        f"  retry: {{max_retries: 1, on: [dial_busy], after: 4 hours}}\n{PERSON}",
        "b.yaml:5:51",
        'found "4 hours", expected a duration such as 2m, 4h',
    ),
    Case(
        "no offset",
        f"  scheduled_at: 2026-12-01T16:00:00\n{PERSON}",
        "b.yaml:5:17",
        "expected an RFC 3339 date and time",
    ),
    Case(
        "no such date",
        f"  scheduled_at: 2026-02-30T16:00:00Z\n{PERSON}",
        "b.yaml:5:17",
        "is no date and time",
    ),
    Case(
        "expired at birth",
        f"  scheduled_at: 2026-12-02T16:00:00+02:00\n  expires_at: 2026-12-02T14:00:00Z\n{PERSON}",
        "b.yaml:6:15",
        "expires_at is not after scheduled_at (2026-12-02T14:00:00Z)",
    ),
    Case(
        "unknown provider",
        f"  provider: cartsia\n{PERSON}",
        "b.yaml:5:13",
        '"cartsia" (did you mean "cartesia"?)',
    ),
    Case(
        "foreign outcome",
        f"  retry: {{max_retries: 1, on: [no_answer]}}\n{PERSON}",
        "b.yaml:5:32",
        '"no_answer" is no outcome of cartesia (did you mean "dial_no_answer"?)',
    ),
    Case(
        "names itself",
        PERSON,
        "b.yaml:3:34",
        "batch/b names itself",
        HEAD.replace(": b}", ": b, previously: [batch/b]}"),
    ),
    # variables
    Case(
        "undefined variable",
        f"  agent_id: ${{var.agent}}\n{PERSON}",
        "b.yaml:5:13",
        'undefined variable "agent" (give it with --var agent=VALUE, --var-file or DIALCTL_VAR_agent)',
    ),
    Case("not a variable", f"  agent_id: ${{HOME}}\n{PERSON}", "b.yaml:5:13", '"${HOME}" is no variable'),
]
