"""`dialctl explain`, `dialctl schema` and `dialctl version`. They need no project."""

from __future__ import annotations

import click

from declarative.cli import completion
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError


@click.command()
@click.argument("name", required=False, shell_complete=completion.schema_names)
@click.option("--bundle", is_flag=True, help="One schema of manifests for an editor, with no reference to a file.")
@click.pass_obj
def schema(context: Context, name: str | None, bundle: bool) -> int:
    """Print a published JSON Schema. Without NAME, list their names."""
    from declarative import schemas
    from declarative.app.reference import list_schema_names

    if bundle:
        from declarative.app.bundle import bundle_schema

        if name is not None:
            raise UsageError("--bundle is the schema of manifests, and takes no NAME")
        context.print_data(_format_schema(bundle_schema()))
        return Exit.DONE
    names = list_schema_names()
    if name is None:
        context.print_data("\n".join(names))
        return Exit.DONE
    try:
        schema_document = schemas.load_schema(name)
    except KeyError:
        raise UsageError(f'no schema is called "{name}"', hint=f"schemas: {', '.join(names)}") from None
    context.print_data(_format_schema(schema_document))
    return Exit.DONE


def _format_schema(schema_document: object) -> str:
    from json import dumps

    return dumps(schema_document, indent=2, ensure_ascii=False)


@click.command()
@click.argument("what", required=False, metavar="[KIND[.FIELD...] | REASON]", shell_complete=completion.topics)
@click.option(
    "--provider",
    metavar="TYPE",
    shell_complete=completion.provider_types,
    help="Only fields of this provider type.",
)
@click.pass_obj
def explain(context: Context, what: str | None, provider: str | None) -> int:
    """Explain a field of manifests, or a reason of a plan."""
    from declarative.app import explain as explainer

    context.print_data(explainer.explain_manifest(what, provider))
    return Exit.DONE


@click.command()
@click.pass_obj
def version(context: Context) -> int:
    """Print the version, Python and the provider types."""
    context.print_data(describe_version())
    return Exit.DONE


def describe_version() -> str:
    """Name version and commit, Python and the provider types, a line each."""
    import sys

    from declarative import __version__
    from declarative.app import build
    from declarative.providers import catalog

    commit = build.find_commit()
    return "\n".join(
        [
            f"dialctl {__version__}{f' (commit {commit})' if commit else ''}",
            f"Python {'.'.join(map(str, sys.version_info[:3]))}",
            f"providers: {', '.join(catalog.type_names())}",
            *(f"cannot be used: {name} ({reason})" for name, reason in catalog.broken_types().items()),
            *(f"not simulated: {name}" for name in sorted(catalog.unsimulated_types())),
        ]
    )
