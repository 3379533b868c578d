"""The documents say what is so: README's tables are made from the code, its commands run, every command has help.

`DIALCTL_WRITE_DOCS=1 pytest tests/test_docs.py` writes the made parts anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import click
import pytest

from declarative import manifest, schemas
from declarative.cli.main import dialctl
from declarative.errors import Exit
from declarative.model.capabilities import Cancellable, Capabilities
from declarative.model.digest import PersonKey
from declarative.model.resource import Route
from declarative.providers import catalog

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def made_part(name: str) -> str:
    found = re.search(rf"<!-- {name}:.*?-->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found, f"README.md has no part {name}"
    return found.group(1)


def keep_fresh(name: str, wanted: str) -> None:
    if os.environ.get("DIALCTL_WRITE_DOCS"):
        pattern = re.compile(rf"(<!-- {name}:.*?-->\n).*?(<!-- /{name} -->)", re.DOTALL)
        path = ROOT / "README.md"
        path.write_text(pattern.sub(lambda found: found.group(1) + wanted + found.group(2), path.read_text()))
        return
    assert made_part(name) == wanted, "README.md is stale: DIALCTL_WRITE_DOCS=1 pytest tests/test_docs.py"


def commands(group: click.Group, prefix: str = "dialctl") -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        nested = isinstance(command, click.Group)
        found += commands(command, f"{prefix} {name}") if nested else [(f"{prefix} {name}", command)]
    return found


_CANCELLABLE = {"always": "yes", "before_start": "before its start", "never": "no"}


_YES = {True: "yes", False: "no"}
_COLUMNS = (
    "type",
    "api_version",
    "route",
    "people a request",
    "after a lost answer",
    "a later start",
    "who waits is taken off",
    "`expires_at`",
    "changed data move",
    "retry request",
    "a lost lock",
)


def test_the_provider_table_is_made_of_abilities() -> None:
    rows = [f"| {' | '.join(_COLUMNS)} |", f"|{' --- |' * len(_COLUMNS)}"]
    for kind in catalog.types().values():
        for version in kind.versions:
            for route, able in sorted(kind.routes[version].items()):
                cells = [kind.name, version, str(route), f"{able.max_people:,}", after_a_lost_answer(route, able)]
                cells += [_YES[able.schedulable], taken_off(route, able), expiry(route, able), moves(route, able)]
                cells += [_YES[able.retryable], lost_lock(route, able)]
                rows.append(f"| {' | '.join(cells)} |")
    keep_fresh("providers", "\n".join(rows) + "\n")


def after_a_lost_answer(route: Route, able: Capabilities) -> str:
    key = f"sent again under its key ({describe(able.idempotent_for)}), else " if able.idempotent_for else ""
    if route is Route.BATCH:
        return f"{key}proven by its list"
    # A mark comes back with the data, or as a name.
    has_mark = able.shows_mark and (able.returns_data or able.mark_length is not None)
    return f"{key}found by its mark, or unsure" if has_mark else "unsure until a person decides"


def describe(life: timedelta) -> str:
    hours = int(life.total_seconds() // 3600)
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"


def taken_off(route: Route, able: Capabilities) -> str:
    if route is Route.CALL and able.cancellable is not Cancellable.NEVER:
        return "while in its queue"
    return _CANCELLABLE[able.cancellable]


def expiry(route: Route, able: Capabilities) -> str:
    """By what no call begins after it."""
    if able.window:
        return "the provider's own end"
    if route is Route.CALL:
        waits = able.cancellable is not Cancellable.NEVER
        return f"nothing sent after it{', a cancel in its queue' if waits else ''}"
    return "a cancel"


def moves(route: Route, able: Capabilities) -> str:
    """Who moves where somebody's data changed while they wait."""
    if able.cancellable is Cancellable.NEVER:
        return "nobody"
    return "that person" if able.returns_data or able.max_people == 1 else "the whole batch"


def lost_lock(route: Route, able: Capabilities) -> str:
    if route is Route.BATCH:
        return "rebuilt"
    return "rebuilt, who is not seen is held back" if able.returns_data else "not rebuilt, all are held back"


def test_the_command_table_is_made_of_help_texts() -> None:
    rows = ["| command | does |", "| --- | --- |"]
    for name, command in commands(dialctl):
        arguments = [param.make_metavar(click.Context(command)) for param in command.params if is_argument(param)]
        rows.append(f"| `{' '.join([name, *arguments])}` | {first_sentence(command)} |".replace(" | [", " \\| ["))
    keep_fresh("commands", "\n".join(rows) + "\n")


def is_argument(param: click.Parameter) -> bool:
    return isinstance(param, click.Argument)


def first_sentence(command: click.Command) -> str:
    text = " ".join((command.help or "").partition("\n\n")[0].split())
    assert text.endswith("."), f"{command.name} has no help"
    return text


@pytest.mark.parametrize(
    ("name", "command"), commands(dialctl), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_option_is_documented(name: str, command: click.Command) -> None:
    silent = [param.name for param in command.params if isinstance(param, click.Option) and not param.help]
    assert silent == [], f"{name}: {silent}"


@pytest.mark.parametrize("names", [(), ("state",), ("sandbox",)])
def test_a_list_of_commands_cuts_no_sentence_short(names: tuple[str, ...]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "declarative.cli.main", *names, "--help"], check=True, capture_output=True, text=True
    ).stdout
    assert "..." not in told.partition("Commands:")[2]


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_code_is_in_the_readme(code: Exit) -> None:
    table = README[README.index("| exit | meaning |") :]
    assert re.search(rf"^\| .*\b{int(code)}\b.* \|", table, re.MULTILINE)


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


def inline_commands() -> list[str]:
    """`dialctl ...` as the text names them, those with a placeholder left out."""
    found = re.findall(r"`(dialctl [^`\n]+)`", README.replace("\n", " "))
    return [text for text in found if not re.search(r"[A-Z]{2,}|\.\.\.|push|pull|my-campaigns|serve|<", text)]


def test_the_first_command_is_the_main_job_in_the_sandbox(tmp_path: Path) -> None:
    first = shell_lines()[0].split(" && ")
    assert [part.split()[0] for part in first] == ["python3", ".venv/bin/pip", ".venv/bin/dialctl"]
    done = dialctl_in(ROOT, first[2], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "submitted" in done.stdout


def test_the_second_command_passes_the_tests() -> None:
    second = shell_lines()[1]
    assert second.endswith(".venv/bin/pytest -n auto")
    assert '/bin/pytest" -n auto' in (ROOT / ".ci" / "run").read_text()
    assert "--editable '.[dev]'" in second
    assert "--editable '.[dev]'" in (ROOT / ".ci" / "environment").read_text()


@pytest.mark.parametrize("line", inline_commands())
def test_every_command_that_the_text_names_exists(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = dialctl
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        if name.startswith("-"):
            continue
        found = command.get_command(click.Context(command), name)
        assert found is not None, line
        command = found
    flags = {flag for param in command.params for flag in param.opts}
    assert {word.split("=")[0] for word in words if word.startswith("-")} <= flags, line


def test_the_manifest_of_the_tour_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(# yaml-language-server.*?)```", README, re.DOTALL)
    (tmp_path / "campaign.yaml").write_text(text)
    (tmp_path / "recipients.csv").write_text("phone,name\n+14155550101,Ada\n")
    desired = manifest.load_desired(
        tmp_path, provider_types=catalog.types(), variables=manifest.Variables({}, (), {}), key=PersonKey(None)
    )
    assert desired.resources["batch/march-outreach"].recipients.count == 1


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir()))
def test_every_example_has_a_readme(example: str) -> None:
    assert (ROOT / "examples" / example / "README.md").is_file()


@pytest.mark.parametrize("name", [name for name in schemas.list_schemas() if name != "dialctl"])  # the bundle has none
def test_every_schema_is_named_by_its_id(name: str) -> None:
    assert schemas.load_schema(name)["$id"] == f"https://dialctl.dev/schemas/{name}.schema.json"


def dialctl_in(directory: Path, line: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Runs a README line with this interpreter, over a copy of the examples that it may write to."""
    import shutil

    shutil.copytree(directory / "examples", scratch / "examples", ignore=shutil.ignore_patterns(".dialctl"))
    words = [sys.executable, "-m", "declarative.cli.main", *shlex.split(line)[1:]]
    return subprocess.run(words, cwd=scratch, capture_output=True, text=True, timeout=120, check=False)
