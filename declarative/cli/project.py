"""`dialctl validate` and `dialctl digest`: what manifests and recipients files hold. Neither asks a provider."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative import humanize
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, ManifestError, Problem

if TYPE_CHECKING:
    from declarative.app.session import Session
    from declarative.model.resource import Desired

_MOST_SHOWN = 20
"""Problems of a file that are shown beside a file that holds them all."""


@click.command()
@options.path
@options.targets
@options.labels
@options.as_json
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="For a terminal, a machine, or as annotations of a GitHub workflow.",
)
@click.option(
    "--problems",
    "problems_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every problem, however many, to this CSV file: file,line,column,what.",
)
@click.pass_obj
def validate(
    context: Context,
    /,
    path: Path,
    targets: tuple[str, ...],
    labels: tuple[str, ...],
    as_json: bool,
    layout: str,
    problems_file: Path | None,
) -> int:
    """Check manifests and recipients files. All problems at once, each with file, line and column.

    PATH is the project's directory, by default the current one. With a folder or manifest in it, only that is checked.
    """
    # The text is formatted here: importing report/ imports the engine, which would double the time of this command.
    session = context.open_session(
        path, targets=targets, labels=labels, describe_all=problems_file is not None, fetch_files=False
    )
    desired = session.desired if problems_file is None else _load_with_problems_file(session, problems_file)
    recipient_count = sum(resource.recipients.count for resource in desired.resources.values())
    if as_json or layout == "json":
        from declarative.report import json_output

        counts = {address: resource.recipients.count for address, resource in desired.resources.items()}
        summary = {"valid": True, "project": desired.project.name, "digest": desired.digest, "resources": counts}
        context.print_data(json_output.encode({"format_version": "1", **summary}))
    else:
        resource_count = humanize.plural(len(desired.resources), "resource", "resources")
        context.print_data(
            f"Valid: project {desired.project.name}, {resource_count}, {humanize.people(recipient_count)}."
        )

    for url in desired.unread_files:
        context.print_note(f"not fetched, and so not checked: {url}")
    if desired.foreign_file_count:
        files = humanize.plural(desired.foreign_file_count, "YAML file", "YAML files")
        context.print_note(f"{files} of other tools left alone")
    for address, resource in desired.resources.items():
        for warning in resource.recipients.warnings:
            context.print_note(f"Warning: {address}: {warning}")
    return Exit.DONE


def _load_with_problems_file(session: Session, file: Path) -> Desired:
    """Load the manifests and write every problem to `file`. The error that is shown describes the first 20 a file."""
    from declarative import atomicfile

    problems: Sequence[Problem] = ()
    try:
        return session.desired
    except ManifestError as error:
        problems = error.problems
        raise ManifestError(_first_of_each_file(problems)) from None
    finally:
        rows = ([problem.file, problem.line, problem.column, problem.description] for problem in problems)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([["file", "line", "column", "what"], *rows])
        atomicfile.write_private(session.options.directory / file, text.getvalue().encode())


def _first_of_each_file(problems: Sequence[Problem]) -> list[Problem]:
    """The first 20 problems of each file, and one that stands for its others."""
    shown: list[Problem] = []
    for file, group in groupby(problems, key=lambda problem: problem.file):
        in_file = list(group)
        shown += in_file[:_MOST_SHOWN]
        others = sum(problem.count for problem in in_file[_MOST_SHOWN:])
        if others:
            noun = humanize.plural(others, "more problem", "more problems")
            shown.append(Problem(file, 0, 0, "", f"and {noun}", count=others))
    return shown


@click.command()
@click.argument("file", metavar="FILE_OR_URL")
@options.as_json
@click.pass_obj
def digest(context: Context, file: str, as_json: bool) -> int:
    """Print digest, rows and columns of a recipients file. The digest is for its `sha256` in a manifest.

    A URL (s3://, gs://, az://) is read only under a prefix of DIALCTL_RECIPIENTS.
    """
    from declarative.app.connections import describe_file

    described = describe_file(file, context.directory, os.environ)
    if as_json:
        from declarative.report import json_output

        context.print_data(json_output.encode({"format_version": "1", **described._asdict()}))
    else:
        context.print_data(f"sha256: {described.sha256}")
        context.print_text(f"{humanize.plural(described.rows, 'row', 'rows')}: {', '.join(described.columns)}")
    return Exit.DONE
