"""Rules about addresses, across all documents of a run: each is unique, former ones are gone, targets exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import Any

from declarative.errors import Problem
from declarative.manifest.discover import DocumentSet, is_project, read_documents_outside
from declarative.manifest.document import Document
from declarative.manifest.messages import did_you_mean, quote
from declarative.manifest.paths import display_path
from declarative.model.selection import Selection, list_namesakes


def document_address(document: Document) -> str:
    """`batch/NAME` or `call/NAME`; empty for a Project and for a wrong name. The document's head has been checked."""
    value: Any = document.value
    name = value["metadata"]["name"]
    return f"{value['kind'].lower()}/{name}" if name and not is_project(document) else ""


def addresses_outside(document_set: DocumentSet, path: File) -> Iterator[str]:
    """Yield the addresses of the project's manifests that are not at `path`, whatever else is wrong in those."""
    for document in read_documents_outside(document_set, path):
        value = document.value
        if isinstance(value, dict) and isinstance(metadata := value.get("metadata"), dict):
            yield f"{str(value.get('kind')).lower()}/{metadata.get('name')}"


def address_problems(documents: Sequence[Document]) -> Iterator[Problem]:
    """Find addresses that are not unique, and former addresses that are in use or claimed by two resources."""
    owners: dict[str, Document] = {}
    for document in documents:
        address = document_address(document)
        if address in owners:
            first_location = owners[address].location(("metadata", "name"))
            message = f"{address} appears twice, first at {first_location}"
            yield document.problem(("metadata", "name"), message, "give one of them another name")
        elif address:
            owners[address] = document
    claims: dict[str, Document] = {}
    for address, document in owners.items():
        yield from _former_address_problems(document, address, owners, claims)


def _former_address_problems(
    document: Document, address: str, owners: Mapping[str, Document], claims: dict[str, Document]
) -> Iterator[Problem]:
    metadata: Any = document.value["metadata"]  # type: ignore[call-overload,index]  # a mapping by its schema
    for index, former in enumerate(metadata.get("previously", ())):
        path = ("metadata", "previously", index)
        if former == address:
            yield document.problem(path, f"{address} names itself", "name the address that it had before")
        elif former in owners:
            message = f"{former} still exists, at {owners[former].location(('metadata', 'name'))}"
            yield document.problem(path, message, "previously lists addresses that no longer exist")
        elif former is not None and former in claims:
            message = f"{former} is claimed twice, first at {claims[former].location(('metadata', 'previously'))}"
            yield document.problem(path, message, "only one resource can take over what was done there")
        claims.setdefault(former, document)


def unknown_target_problems(path: File, selection: Selection, documents: Sequence[Document]) -> Iterator[Problem]:
    """Find targets that name no document, or that several have as their name."""
    addresses = [address for document in documents if (address := document_address(document))]
    for target in selection.find_unmatched(addresses):
        message = f"no resource has the address {quote(target)}"
        hint = did_you_mean(target, addresses) or "an address is batch/NAME or call/NAME"
        if namesakes := list_namesakes(target, addresses):
            message, hint = f"{quote(target)} is the name of several resources", f"say which: {', '.join(namesakes)}"
        yield Problem(display_path(path), 0, 0, "", message, hint)


def nothing_selected_problems(path: File, selection: Selection, chosen: Sequence[str]) -> Iterator[Problem]:
    """Find that a selection of labels leaves no resource."""
    if selection and not chosen:
        labels = " and ".join(quote(text) for text in selection.labels)
        yield Problem(display_path(path), 0, 0, "", f"no selected resource has labels that match {labels}")
