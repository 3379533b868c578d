"""How time and memory grow with people and with manifests. At full size it writes growth.svg and the table in
CONTRIBUTING.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from pathlib import Path

from bench import ROOT, Claims, Cost, main
from campaign import Campaign, sandbox

from declarative import humanize

HERE = Path(__file__).parent
STEPS = ("first plan", "apply", "unchanged plan")
COLORS = ("#3366cc", "#cc5533", "#338855")
EACH = 100
"""People in each manifest while the number of manifests grows."""


@dataclass(frozen=True)
class Point:
    """One measured size."""

    size: int
    """People, or manifests."""
    costs: tuple[Cost, ...]
    """What each of STEPS took."""


def measure(claims: Claims, directory: Path) -> None:
    people = (1_000, 10_000, 100_000, 1_000_000) if claims.full else (1_000, 20_000)
    manifests = (1, 10, 100, 1_000) if claims.full else (1, 20)
    with sandbox(directory / "served") as url:
        by_people = [_point(directory / f"people{size}", url, size, 1, size) for size in people]
        by_manifests = [_point(directory / f"manifests{size}", url, size * EACH, size, size) for size in manifests]
    for what, points in (("people", by_people), ("manifests", by_manifests)):
        _linear(claims, what, points)
    if claims.full:
        _write_table(_table(by_people, by_manifests))
        (HERE / "growth.svg").write_text(_plot(by_people, by_manifests), encoding="utf-8")


def _write_table(table: str) -> None:
    path = ROOT / "CONTRIBUTING.md"
    before, begin, rest = path.read_text(encoding="utf-8").partition("<!-- growth -->\n")
    _, end, after = rest.partition("\n![")
    path.write_text(f"{before}{begin}{table}{end}{after}", encoding="utf-8")


def _point(directory: Path, url: str, people: int, manifests: int, size: int) -> Point:
    campaign = Campaign.create(directory, url, people, manifests)
    first, applied = campaign.run("plan"), campaign.settle()
    point = Point(size, (first, applied, campaign.run("plan")))
    for step, cost in zip(STEPS, point.costs, strict=True):
        print(f"  {people:>9,} people, {manifests:>5,} manifests  {step:<16} {cost}", flush=True)
    return point


def _linear(claims: Claims, what: str, points: Sequence[Point]) -> None:
    for smaller, larger in pairwise(points):
        times = larger.size / smaller.size
        for place, step in enumerate(STEPS):
            before, after = smaller.costs[place], larger.costs[place]
            name = f"{step}, {smaller.size:,} to {larger.size:,} {what}"
            claims.check_at_most(f"{name}: CPU by size", after.cpu / before.cpu / times, 1)
            claims.check_at_most(f"{name}: memory by size", after.peak / before.peak / times, 1)


def _table(by_people: Sequence[Point], by_manifests: Sequence[Point]) -> str:
    lines = ["| | " + " | ".join(STEPS) + " |", "| --- |" + " --- |" * len(STEPS)]
    rows = [(f"{point.size:,} people", point) for point in by_people]
    for point in by_manifests:
        rows.append((f"{humanize.plural(point.size, 'manifest', 'manifests')} of {EACH} people", point))
    for words, point in rows:
        cells = (f"{cost.cpu:.1f} s, {cost.peak:,.0f} MB" for cost in point.costs)
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\nSeconds of CPU and peak memory of the whole process, against the served sandbox.\n"


def _plot(by_people: Sequence[Point], by_manifests: Sequence[Point]) -> str:
    panels = [
        _panel(by_people, "cpu", "CPU seconds by people", 0),
        _panel(by_people, "peak", "MB by people", 1),
        _panel(by_manifests, "cpu", "CPU seconds by manifests", 2),
        _panel(by_manifests, "peak", "MB by manifests", 3),
    ]
    legend = [
        f'<text x="{20 + 150 * place}" y="196" fill="{color}">{step}</text>'
        for place, (step, color) in enumerate(zip(STEPS, COLORS, strict=True))
    ]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 204" font-family="sans-serif" font-size="10">'
    return "\n".join([head, '<rect width="880" height="204" fill="white"/>', *panels, *legend, "</svg>"]) + "\n"


def _panel(points: Sequence[Point], figure: str, title: str, place: int) -> str:
    """Draw one small plot. Both axes are logarithmic: a slope of one is linear."""
    values = [[getattr(point.costs[at], figure) for point in points] for at in range(len(STEPS))]
    low, high = min(map(min, values)), max(map(max, values))
    left = 20 + 215 * place
    across = [left + 185 * at / (len(points) - 1) for at in range(len(points))]

    def height(value: float) -> float:
        return 160 - 130 * (log10(value) - log10(low)) / (log10(high) - log10(low))

    drawn = [f'<text x="{left}" y="14" font-weight="bold">{title}</text>']
    for color, line in zip(COLORS, values, strict=True):
        corners = " ".join(f"{x:.0f},{height(y):.0f}" for x, y in zip(across, line, strict=True))
        drawn.append(f'<polyline points="{corners}" fill="none" stroke="{color}" stroke-width="2"/>')
    drawn += [
        f'<text x="{x:.0f}" y="176" text-anchor="middle">{point.size:,}</text>'
        for x, point in zip(across, points, strict=True)
    ]
    drawn += [f'<text x="{left}" y="{height(value) - 4:.0f}" fill="#777">{value:,.3g}</text>' for value in (low, high)]
    return "\n".join(drawn)


if __name__ == "__main__":
    main("Growth", measure)
