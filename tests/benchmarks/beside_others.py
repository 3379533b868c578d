"""Beside what people use instead: octoDNS planning as many records as there are recipients, and a plain loop."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

from bench import Claims, Cost, main, run_in_turn, spend
from campaign import Campaign, environment, sandbox

SIZES = {1_000: 2.5, 2_000: 1.5, 10_000: 1, 100_000: 0.2}
"""By people, or records: how much of octoDNS's CPU a first plan takes at most."""
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
    if (octodns := _install_octodns(directory / "octodns")) is None:
        print("  octoDNS could not be installed: left out")
    with sandbox(directory / "served") as url:
        for people, bound in SIZES.items() if claims.full else [(10_000, SIZES[10_000])]:
            campaign = Campaign.create(directory / f"campaign-{people}", url, people)
            if octodns is not None:
                _compare_plans(claims, campaign, octodns, directory / f"zone-{people}", people, bound)
            _compare_applies(claims, campaign, people)


def _install_octodns(directory: Path) -> Path | None:
    """Install octoDNS into an environment of its own, so that its needs do not bind the packages of dialctl.

    Returns the Python of that environment, None if the installation failed.
    """
    venv.create(directory, with_pip=True)
    own = directory / "bin" / "python"
    install = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "octodns"]
    done = subprocess.run(install, capture_output=True, check=False)
    return own if done.returncode == 0 else None


def _compare_plans(claims: Claims, campaign: Campaign, python: Path, zone: Path, records: int, bound: float) -> None:
    for folder in ("config", "target"):
        (zone / folder).mkdir(parents=True)
    (zone / "octodns.yaml").write_text(_CONFIG, encoding="utf-8")
    lines = (f"host{at}: {{type: A, value: 192.0.2.{at % 256}}}\n" for at in range(records))
    (zone / "config" / "example.com.yaml").write_text("".join(lines), encoding="utf-8")

    def octodns() -> Cost:
        return spend([str(python), "-c", _PLAN], cwd=zone, env=environment())

    def first() -> Cost:
        campaign.forget_reads()
        return campaign.run("plan")

    theirs_name, ours_name = f"octoDNS plan of {records:,}", f"dialctl first plan of {records:,}"
    costs = run_in_turn({theirs_name: octodns, ours_name: first}, claims.repeats(3))
    ours, theirs = costs[ours_name], costs[theirs_name]
    claims.check_at_most(f"first plan of {records:,} beside octoDNS", ours.cpu / theirs.cpu, bound)
    claims.show("the same, peak memory", ours.peak / theirs.peak)


def _compare_applies(claims: Claims, campaign: Campaign, people: int) -> None:
    loop, apply = f"a plain loop over {people:,}", f"apply of {people:,}"
    costs = run_in_turn(
        {loop: campaign.submit_by_hand, apply: lambda: campaign.run("apply", "--auto-approve")},
        1,  # what was applied is not applied again
    )
    claims.show(f"{apply} beside a plain loop", costs[apply].cpu / costs[loop].cpu)
    claims.show("the same, peak memory", costs[apply].peak / costs[loop].peak)


if __name__ == "__main__":
    main("Beside others", measure)
