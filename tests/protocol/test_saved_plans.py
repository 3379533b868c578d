"""A saved plan is one approval: applied a second time it calls nobody once more, by whatever request it calls."""

from __future__ import annotations

from tests.protocol.project_fixture import InProcessProject

UNREACHED = ["+12125550191", "+12135550191"]
RETRY = "  retry: {max_retries: 3, on: [dial_no_answer]}\n"


def test_a_retry_by_the_providers_request_is_made_once_for_one_approval(quick: InProcessProject) -> None:
    quick.batch("march", UNREACHED, more=RETRY)
    assert quick.apply().code == 0
    quick.advance(3600)
    file = str(quick.directory / "plan.dialctl")
    assert quick.run("plan", "--out", file).code == 0
    assert quick.run("apply", file).code == 0
    assert [path for path in quick.posts() if path.endswith("/retry")]
    quick.advance(3600)
    assert set(quick.calls().values()) == {2}
    sent = quick.posts()
    run = quick.run("apply", file)
    assert (run.code, "plan again" in run.said or "stale" in run.said) == (1, True), run
    assert quick.posts() == sent
    quick.advance(3600)
    assert set(quick.calls().values()) == {2}
    assert quick.run("plan", "--out", file).code == 0
    assert quick.run("apply", file).code == 0
    quick.advance(3600)
    assert set(quick.calls().values()) == {3}
