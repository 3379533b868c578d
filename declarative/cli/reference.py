"""`dialctl explain`, `dialctl schema` and `dialctl version`. They need no project."""

from __future__ import annotations

import click

from declarative.cli.context import Context
from declarative.errors import Exit, UsageError


@click.command()
@click.argument("name", required=False)
@click.pass_obj
def schema(context: Context, name: str | None) -> int:
    """Print a published JSON Schema. Without NAME, list their names."""
    from declarative import schemas

    if name is None:
        context.print_data("\n".join(schemas.list_schemas()))
        return Exit.DONE
    try:
        schema_document = schemas.load_schema(name)
    except KeyError:
        raise UsageError(
            f'no schema is called "{name}"', hint=f"schemas: {', '.join(schemas.list_schemas())}"
        ) from None
    from json import dumps

    context.print_data(dumps(schema_document, indent=2, ensure_ascii=False))
    return Exit.DONE


@click.command()
@click.argument("what", required=False, metavar="[KIND[.FIELD...]]")
@click.option("--provider", "provider", metavar="TYPE", help="Only fields of this provider type.")
@click.pass_obj
def explain(context: Context, what: str | None, provider: str | None) -> int:
    """Print the manifest reference, made from the schemas. Example: `dialctl explain Batch.retry`."""
    from declarative.app import explain as explainer

    context.print_data(explainer.explain_manifest(what, provider))
    return Exit.DONE


@click.command()
@click.pass_obj
def version(context: Context) -> int:
    """Print the version, Python and the provider types."""
    import platform

    from declarative import __version__
    from declarative.providers import catalog

    context.print_data(
        f"dialctl {__version__}\nPython {platform.python_version()}\nproviders: {', '.join(catalog.type_names())}"
    )
    return Exit.DONE
