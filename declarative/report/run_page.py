"""The page of `dialctl run` that lists its projects."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from declarative.app.people_counts import add_counts
from declarative.app.report import ProjectReport
from declarative.privacy import clean, mask_all
from declarative.report.html import describe_total, list_decisions

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>dialctl run</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8886; vertical-align: top; }}
</style></head><body>
<h1>Projects</h1>
<table><thead><tr><th>project</th><th>calls</th><th>decisions</th></tr></thead><tbody>
{rows}
</tbody></table>
</body></html>
"""


def render_index(projects: Sequence[tuple[str, ProjectReport | None]]) -> str:
    """List projects by name, each with a link to its page."""
    return _PAGE.format(rows="\n".join(_format_row(name, report) for name, report in projects))


def _format_row(name: str, report: ProjectReport | None) -> str:
    link = f'<a href="/projects/{quote(name)}">{escape(clean(name))}</a>'
    if report is None:
        return f"<tr><td>{link}</td><td>not read at this replica yet</td><td></td></tr>"
    total = describe_total(add_counts(status.counts for status in report.statuses))
    decisions = sum(1 for status in report.statuses for _ in list_decisions(status))
    return f"<tr><td>{link}</td><td>{escape(mask_all(total))}</td><td>{decisions or 'none'}</td></tr>"
