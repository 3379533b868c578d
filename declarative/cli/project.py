"""`dialctl init` and `dialctl validate`, the first commands of a new user. Neither needs a key or a network."""

from __future__ import annotations

from pathlib import Path

import click

from declarative import humanize
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit


@click.command()
@options.path
@options.targets
@options.as_json
@click.pass_obj
def validate(context: Context, path: Path, targets: tuple[str, ...], as_json: bool) -> int:
    """Check manifests and recipients files. All problems at once, each with file, line and column.

    PATH is the project's directory, by default the current one. With a folder or manifest in it, only that is checked.
    """
    # The text is formatted here: importing report/ imports the engine, which would double the time of this command.
    desired = context.open_session(path, targets=targets).desired
    recipient_count = sum(resource.recipients.count for resource in desired.resources.values())
    if as_json:
        from declarative.report import json_output

        counts = {address: resource.recipients.count for address, resource in desired.resources.items()}
        summary = {"valid": True, "project": desired.project.name, "digest": desired.digest, "resources": counts}
        context.print_data(json_output.encode({"format_version": "1", **summary}))
    else:
        resource_count = humanize.plural(len(desired.resources), "resource", "resources")
        context.print_data(
            f"Valid: project {desired.project.name}, {resource_count}, {humanize.people(recipient_count)}."
        )
    return Exit.DONE


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.pass_obj
def init(context: Context, directory: Path) -> int:
    """Write a first project, ready for the sandbox. A Project, a Batch and its recipients file."""
    from declarative.app import scaffold

    written_paths = scaffold.write_scaffold(directory)
    context.print_data("\n".join(f"wrote {path}" for path in written_paths))
    chdir_flag = "" if directory == Path() else f" -C {directory}"
    context.print_note(f"Next:\n  dialctl{chdir_flag} validate\n  dialctl{chdir_flag} --sandbox apply")
    return Exit.DONE
