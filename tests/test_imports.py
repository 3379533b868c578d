"""The shape of the house, read from its source: who may know whom, who may touch the world, how long things are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = "declarative"
ROOT = Path(__file__).parents[1] / PACKAGE
FILE_LIMIT, CLASS_LIMIT, FUNCTION_LIMIT = 300, 190, 50
LEAVES = frozenset({"errors", "schemas", "privacy", "humanize", "atomicfile"})
"""Root modules that everyone may import; of each other they know `errors` alone."""
SHARED = LEAVES | {"model"}
ALLOWED: dict[str, frozenset[str]] = {
    **dict.fromkeys(LEAVES, frozenset({"errors"})),
    "model": LEAVES,
    **dict.fromkeys(("manifest", "planning", "providers", "state"), SHARED),
    "sandbox": frozenset({"errors", "schemas"}),
    "engine": SHARED | {"planning", "providers.base", "state.base", "state.ledger"},
    "app": SHARED | {"engine", "planning", "providers.base", "state"},
    "app.session": frozenset({"manifest", "providers.catalog", "sandbox"}),
    "app.connections": frozenset({"manifest", "providers.catalog", "providers.plugins", "sandbox"}),
    "app.git_changes": frozenset({"manifest"}),
    "report": SHARED | {"app", "engine.results", "planning"},
    "cli": LEAVES | {"app", "report", "planning", "engine.signals", "model", "__init__"},
    "cli.sandbox": frozenset({"sandbox", "state.base", "state.catalog"}),
    "cli.reference": frozenset({"providers.catalog"}),
    "api": LEAVES | {"app", "report", "planning", "engine.signals", "model"},
    "testing": frozenset({"providers", "state.base", "model", "errors"}),
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),  # names are loaded on first use, from `api` and below it; see _lazy()
}
"""Who may import whom: a package or module, and what it may reach besides itself. A module's own row adds to its
package's. Type-only and in-function imports count as any other."""
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "sleep"}

Module = str


@cache
def modules() -> dict[Module, ast.Module]:
    files = sorted(ROOT.rglob("*.py"))
    return {_name(path): ast.parse(path.read_text(), str(path)) for path in files}


def _name(path: Path) -> Module:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: Module) -> Path:
    plain = ROOT.parent.joinpath(*module.split(".")).with_suffix(".py")
    return plain if plain.exists() else plain.with_suffix("") / "__init__.py"


def imported(module: Module) -> Iterator[str]:
    """Everything that is imported anywhere in it, type-only and late imports and those by name included."""
    for node in ast.walk(modules()[module]):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=origin, names=names, level=0) if origin:
                yield from (f"{origin}.{alias.name}" for alias in names)
            case ast.Constant(value=str(text)) if (named := text.partition(":")[0]) in modules():
                yield named


def known(module: Module) -> set[Module]:
    """The modules of the house that it imports."""
    return {found for name in imported(module) if (found := _module_of(name)) and found != module}


def _module_of(name: str) -> Module | None:
    """Of `a.b.c` the longest part that is a module."""
    parts = name.split(".")
    lengths = range(len(parts), 0, -1)
    return next((cut for length in lengths if (cut := ".".join(parts[:length])) in modules()), None)


def rows_of(module: Module) -> list[str]:
    """The rows of ALLOWED that speak of a module: its package's, then its own."""
    inner = module.removeprefix(PACKAGE).lstrip(".") or "__init__"
    return [row for row in (inner.split(".")[0], inner) if row in ALLOWED]


def may_import(module: Module, other: Module) -> bool:
    own = module.removeprefix(f"{PACKAGE}.").split(".")[0]
    target = other.removeprefix(PACKAGE).lstrip(".") or "__init__"
    reach = frozenset[str]().union(*(ALLOWED[row] for row in rows_of(module)))
    return target.split(".")[0] == own or any(target == name or target.startswith(f"{name}.") for name in reach)


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(modules()[module]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_the_house_is_read_at_all() -> None:
    assert len(modules()) > 50
    assert f"{PACKAGE}.planning.decide" in modules()
    assert f"{PACKAGE}.planning.decide" in known(f"{PACKAGE}.planning.standing")
    remote, records = f"{PACKAGE}.model.remote", f"{PACKAGE}.model.records"
    assert f"{PACKAGE}.model.mark" in known(remote), "`from declarative.model.mark import Mark` names a module"
    assert f"{PACKAGE}.model.mark" in known(records), "`from declarative.model import mark` does too"


@pytest.mark.parametrize("module", modules())
def test_every_import_is_in_the_table(module: Module) -> None:
    if module == PACKAGE:
        return  # what it names is loaded on first use: tests/test_api.py
    assert rows_of(module), f"{module} stands in no room of the table"
    assert [other for other in sorted(known(module)) if not may_import(module, other)] == []


def test_an_edge_outside_the_table_would_be_found() -> None:
    assert not may_import(f"{PACKAGE}.manifest.loader", f"{PACKAGE}.planning.plan")
    assert not may_import(f"{PACKAGE}.sandbox.world", f"{PACKAGE}.model.mark")
    assert not may_import(f"{PACKAGE}.engine.observe", f"{PACKAGE}.providers.catalog")
    assert not may_import(f"{PACKAGE}.app.apply", f"{PACKAGE}.manifest.loader")
    assert may_import(f"{PACKAGE}.app.session", f"{PACKAGE}.manifest.loader")
    assert may_import(f"{PACKAGE}.engine.observe", f"{PACKAGE}.providers.base")


def test_the_root_holds_few_modules() -> None:
    rooms = {"__init__", "__main__", "api", "testing", *LEAVES}
    assert {path.stem for path in ROOT.glob("*.py")} <= rooms


def test_no_import_leads_back_to_where_it_began() -> None:
    assert _cycle({module: known(module) for module in modules()}) == []


def _cycle(graph: dict[Module, set[Module]]) -> list[Module]:
    """The modules that are in some cycle: what is left when all that nobody in the rest needs is taken away."""
    left = {module: set(others) for module, others in graph.items()}
    while leaves := [module for module, others in left.items() if not others & left.keys()]:
        for module in leaves:
            del left[module]
    return sorted(left)


def test_a_cycle_would_be_found() -> None:
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]
    assert _cycle({"a": {"b"}, "b": set()}) == []


FORBIDDEN_IN_PLANNING = ("httpx", "time", "socket", "requests", "os.environ", "subprocess", "threading")


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith(f"{PACKAGE}.planning")])
def test_planning_asks_neither_the_network_nor_a_clock(module: Module) -> None:
    roots = {name for name in imported(module) if name.split(".")[0] in FORBIDDEN_IN_PLANNING}
    assert roots == set()
    calls = [node.func for node in ast.walk(modules()[module]) if isinstance(node, ast.Call)]
    assert [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in CLOCKS] == []


def test_decide_knows_nothing_of_the_house() -> None:
    assert known(f"{PACKAGE}.planning.decide") == set()


WORLD = ("submit", "retry", "cancel", "remove_member")
"""What a channel can do to the world."""


def _touches_the_world(module: Module) -> set[str]:
    """Names of channel methods that are called on something called channel, and those handed over uncalled."""
    return {
        node.attr
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.Attribute)
        and node.attr in WORLD
        and any(word in ast.unparse(node.value).lower() for word in ("channel", "provider"))
    }


def test_execute_is_the_only_module_that_dials_or_cancels() -> None:
    dialing = (f"{PACKAGE}.provid", f"{PACKAGE}.testing")  # the contract suite calls the channels of an author's world
    found = {module: _touches_the_world(module) for module in modules() if not module.startswith(dialing)}
    assert {module: names for module, names in found.items() if names} == {f"{PACKAGE}.engine.execute": set(WORLD)}


def test_only_providers_speak_http() -> None:
    """And who makes the sandbox's embedded transport, or names httpx's types."""
    speaking = {module for module in modules() if any(name.split(".")[0] == "httpx" for name in imported(module))}
    allowed = (
        f"{PACKAGE}.providers.",
        f"{PACKAGE}.sandbox.",
        f"{PACKAGE}.testing.world",
        f"{PACKAGE}.testing.recording",
        f"{PACKAGE}.app.connections",
        f"{PACKAGE}.app.session",
        f"{PACKAGE}.cli.sandbox",
    )
    assert [module for module in speaking if not module.startswith(allowed)] == []


@pytest.mark.parametrize("module", modules())
def test_a_module_opens_by_saying_what_it_is_for(module: Module) -> None:
    tree = modules()[module]
    assert not tree.body or ast.get_docstring(tree), module


@pytest.mark.parametrize("module", modules())
def test_files_and_functions_are_short(module: Module) -> None:
    assert len(path_of(module).read_text().splitlines()) <= FILE_LIMIT
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions(module) if f.end_lineno}
    assert {name: length for name, length in long.items() if length > FUNCTION_LIMIT} == {}
    classes = [node for node in ast.walk(modules()[module]) if isinstance(node, ast.ClassDef)]
    assert [cls.name for cls in classes if (cls.end_lineno or 0) - cls.lineno + 1 > CLASS_LIMIT] == []


def test_almost_no_function_is_longer_than_thirty_lines() -> None:
    lengths = sorted((f.end_lineno or 0) - f.lineno + 1 for module in modules() for f in functions(module))
    assert lengths[len(lengths) // 2] <= 10
    assert sum(length > 30 for length in lengths) <= len(lengths) // 50


@pytest.mark.parametrize("module", modules())
def test_a_helper_lives_beside_its_only_caller(module: Module) -> None:
    assert not {"utils", "util", "helpers", "helper", "common", "manager", "misc"} & set(module.split("."))


@pytest.mark.parametrize("module", modules())
def test_nobody_reaches_for_what_another_module_keeps_to_itself(module: Module) -> None:
    private = [name for name in imported(module) if re.search(rf"^{PACKAGE}\..*\b_[a-z]", name)]
    assert private == []
