"""Short commands, compared with importing what they need; and what they must not import."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench import ROOT, Claims, Cost, main, python, run_in_turn, spend
from campaign import PROGRAM, environment

HEAVY = {"polars", "httpx", "rich", "deepdiff", "starlette", "uvicorn", "obstore", "phonenumbers", "jsonschema"}
EXAMPLE = ROOT / "examples" / "march-outreach"


def measure(claims: Claims, directory: Path) -> None:
    def run(*command: str) -> Cost:
        return spend(command, cwd=directory, env=environment())

    costs = run_in_turn(
        {
            "import click": lambda: run(*python("import click")),
            "dialctl --help": lambda: run(*PROGRAM, "--help"),
            "dialctl version": lambda: run(*PROGRAM, "version"),
            "import yaml, jsonschema": lambda: run(*python("import yaml, jsonschema")),
            "dialctl validate": lambda: run(*PROGRAM, "-C", str(EXAMPLE), "validate"),
        },
        25 if claims.full else 11,
    )
    bound = 2.3 if claims.full else 2.7  # the small size is run where other work may go on
    claims.check_at_most("--help", costs["dialctl --help"].cpu / costs["import click"].cpu, bound)
    claims.check_at_most("version", costs["dialctl version"].cpu / costs["import click"].cpu, bound)
    claims.check_at_most("validate", costs["dialctl validate"].cpu / costs["import yaml, jsonschema"].cpu, bound)
    # The example has a policy of countries, which needs phonenumbers.
    for command, needed in (("--help", set()), ("version", set()), ("validate", {"jsonschema", "phonenumbers"})):
        spare = sorted(_list_imports(command) & HEAVY - needed)
        claims.check_at_most(f"{command}, heavy imports without need {spare or ''}".strip(), len(spare), 0, "packages")


def _list_imports(command: str) -> set[str]:
    command_module = "import sys; from declarative.cli.main import run_command"
    code = f"{command_module}; run_command(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    words = python(code, "-C", EXAMPLE, command)
    ran = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


if __name__ == "__main__":
    main("Start", measure)
