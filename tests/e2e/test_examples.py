"""Every example: its manifests name the schema that they follow, its README's commands do what it says."""

from __future__ import annotations

import re
import shlex
from collections import Counter

import pytest
import yaml

from tests.command import ROOT

from .cli_project import EXAMPLES
from .conftest import Examples

NAMES = (
    "march-outreach",
    "renewals",
    "callbacks",
    "two-providers",
    "webinar",
    "appointments",
    "test-drives",
    "open-day",
    "delivery-slots",
    "one-campaign-five-providers",
)
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")
LAST = {
    "march-outreach": "Nothing to do: everybody is where they should be.",
    "renewals": "Report in report.html.",
    "callbacks": "call/payment-inv-2041",
    "two-providers": "batch/ticket-follow-up · over",
    "appointments": "call/results-gus · over",
    "open-day": "call/speaker-eve · over",
    "test-drives": "no answer",
    "delivery-slots": "no answer",
    "one-campaign-five-providers": "30 called: 20 reached, 10 not reached (5 no answer, 5 busy)",
    "webinar": "1 to be called later: the time before a retry has not passed",
}


def commands(name: str) -> list[list[str]]:
    """The commands of the README's console blocks, without the name of the program."""
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert all(line[0] == "dialctl" for line in lines)
    return [line[1:] for line in lines]


@pytest.mark.parametrize("name", [*NAMES, "rollout"])
def test_every_manifest_names_the_schema_that_is_there(name: str) -> None:
    manifests = sorted((EXAMPLES / name).glob("*.yaml"))
    assert manifests
    for manifest in manifests:
        found = MODELINE.match(manifest.read_text(encoding="utf-8"))
        assert found, manifest
        assert (manifest.parent / found[1]).resolve() == ROOT / "schemas" / "dialctl.schema.json"


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_of_the_readme_do_what_it_says(name: str, example: Examples) -> None:
    project = example(name)
    project.apart = name == "march-outreach"
    for words in commands(name):
        plain = [word for word in words if word != "--sandbox"]
        ran = project.run_unchecked(*plain, *(["--auto-approve"] if "apply" in plain else []))
        assert ran.exit == 0, f"{words}\n{ran.text}"
    assert LAST[name] in ran.text


def test_renewals_is_as_large_as_it_says() -> None:
    table = EXAMPLES / "renewals" / "recipients.csv"
    rows = table.read_text(encoding="utf-8").splitlines()[1:]
    assert len({row.split(",")[0] for row in rows}) == len(rows) == 12_000
    assert table.stat().st_size < 700_000


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_fictional(name: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (EXAMPLES / name).iterdir() if path.is_file())
    numbers = re.findall(r"\+\d{7,}", text)
    assert numbers
    assert all(re.fullmatch(r"\+1[2-9]\d{2}55501\d{2}", number) for number in numbers)


def test_the_five_providers_call_the_same_people_equally_often(example: Examples) -> None:
    project = example("one-campaign-five-providers")
    for words in commands("one-campaign-five-providers"):
        plain = [word for word in words if word != "--sandbox"]
        project.run(*plain, *(["--auto-approve"] if "apply" in plain else []))
    calls = Counter((dial["provider"], dial["number"]) for dial in project.dials())
    people = (EXAMPLES / "one-campaign-five-providers" / "people.csv").read_text(encoding="utf-8").splitlines()[1:]
    numbers = [row.partition(",")[0] for row in people]
    types = ("cartesia", "elevenlabs", "retell", "vapi", "twilio")
    assert calls == {(name, number): 2 if number[-2:] in ("91", "92") else 1 for name in types for number in numbers}


def test_the_five_campaigns_say_the_same_in_their_own_words() -> None:
    specs = [
        yaml.safe_load((EXAMPLES / "one-campaign-five-providers" / f"{name}.yaml").read_text(encoding="utf-8"))["spec"]
        for name in ("cartesia", "elevenlabs", "retell", "vapi", "twilio")
    ]
    words = {tuple(one["retry"].pop(True)) for one in specs}  # YAML 1.1 reads the key `on` as true
    assert len(words) == 4  # two of them use the same ones
    same = [(one["recipients_from"], one["expires_at"], one["retry"]) for one in specs]
    assert all(one == same[0] for one in same)
