"""Beside what people use instead: octoDNS planning as many records as there are recipients, and a plain loop."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

from bench import Claims, Cost, main, run_in_turn, spend
from campaign import Campaign, environment, sandbox

PEOPLE = 10_000
_CONFIG = """\
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ./config, enforce_order: false}
  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target}
zones:
  example.com.: {sources: [config], targets: [target]}
"""
_PLAN = """\
from octodns.manager import Manager
assert Manager("octodns.yaml").sync(dry_run=True) == 0
"""


def measure(claims: Claims, directory: Path) -> None:
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "campaign", url, PEOPLE)
        if (octodns := _install_octodns(directory / "octodns")) is None:
            print("  octoDNS could not be installed: left out")
        else:
            _plan(claims, campaign, octodns, directory / "zone")
        runs = {"a plain loop": campaign.submit_by_hand, "apply": lambda: campaign.run("apply", "--auto-approve")}
        costs = run_in_turn(runs, 1)
    claims.show("apply beside a plain loop", costs["apply"].cpu / costs["a plain loop"].cpu)


def _install_octodns(directory: Path) -> Path | None:
    """Install octoDNS into an environment of its own, so that its needs do not bind the packages of dialctl.

    Returns the Python of that environment, None if the installation failed.
    """
    venv.create(directory, with_pip=True)
    own = directory / "bin" / "python"
    install = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "octodns"]
    done = subprocess.run(install, capture_output=True, check=False)
    return own if done.returncode == 0 else None


def _plan(claims: Claims, campaign: Campaign, python: Path, zone: Path) -> None:
    for folder in ("config", "target"):
        (zone / folder).mkdir(parents=True)
    (zone / "octodns.yaml").write_text(_CONFIG, encoding="utf-8")
    lines = (f"host{at}: {{type: A, value: 192.0.2.{at % 256}}}\n" for at in range(PEOPLE))
    (zone / "config" / "example.com.yaml").write_text("".join(lines), encoding="utf-8")

    def octodns() -> Cost:
        return spend([str(python), "-c", _PLAN], cwd=zone, env=environment())

    def first() -> Cost:
        campaign.forget_reads()
        return campaign.run("plan")

    costs = run_in_turn({"octoDNS plan": octodns, "dialctl first plan": first}, claims.repeats(3))
    ours, theirs = costs["dialctl first plan"], costs["octoDNS plan"]
    claims.check_at_most(f"first plan of {PEOPLE:,} beside octoDNS", ours.cpu / theirs.cpu, 1)
    claims.show("the same, peak memory", ours.peak / theirs.peak)


if __name__ == "__main__":
    main("Beside others", measure)
