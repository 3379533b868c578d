"""Every place where input comes in is fed with damaged input: no crash, no hang, nothing believed, nobody called."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.fuzz import search
from tests.fuzz.answers import ANSWERS
from tests.fuzz.caches import CACHES
from tests.fuzz.environment import ENVIRONMENT
from tests.fuzz.manifests import MANIFESTS
from tests.fuzz.recipients import RECIPIENTS
from tests.fuzz.sandbox_file import SANDBOX_FILE
from tests.fuzz.saved_plans import SAVED_PLANS
from tests.fuzz.served_sandbox import SERVED_SANDBOX
from tests.fuzz.stored_state import JOURNAL, LOCK
from tests.fuzz.terminals import TERMINALS

SURFACES = (
    MANIFESTS, RECIPIENTS, ANSWERS, LOCK, JOURNAL, SAVED_PLANS, CACHES, ENVIRONMENT, TERMINALS, SERVED_SANDBOX,
    SANDBOX_FILE,
)  # fmt: skip


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_what_once_failed_and_some_more(surface: search.Surface, tmp_path: Path) -> None:
    with surface.open(tmp_path) as check:
        for file in surface.corpus():
            search.run_check(check, file.read_bytes())
        search.try_few(surface, check)


@pytest.mark.skipif(not search.MINUTES, reason="searches for as long as DIALCTL_FUZZ_MINUTES says")
@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_what_fails_within_some_minutes(
    surface: search.Surface, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with surface.open(tmp_path) as check:
        figures = search.search(surface, check, search.MINUTES * 60 / len(SURFACES))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with capsys.disabled():
        print(
            f"\n{surface.name}: {figures.inputs:,} inputs, {len(figures.failures)} kinds of failure, "
            f"{figures.slowest:.1f} s the slowest, {memory} MB at most"
        )
        for words, file in figures.failures.items():
            print(f"  {file.name}: {words}")
    assert not figures.failures
