"""Lists that lag or fail and answers that cannot be trusted, alone or after a lost answer, each with what must be
concluded. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.protocol.faults_answers import status
from tests.protocol.faults_requests import PROJECT, REACHED, SILENT, batch

_HEAD = PROJECT.removesuffix("apiVersion: dialctl/v1\n")
_PEOPLE = (REACHED, SILENT)
_PLAIN = batch(*_PEOPLE)
_RETRIED = batch(*_PEOPLE, fields="retry: {max_retries: 1, on: [dial_no_answer]}, ")
_BOX = batch(*_PEOPLE, fields="provider: box, ")
TOMORROW = batch(*_PEOPLE, fields='scheduled_at: "{tomorrow}", ')
_UNGUARDED = _PLAIN.replace("spec:\n", "spec:\n  guard: 0s\n", 1)
_IMPATIENT = _PLAIN.replace("spec:\n", "spec:\n  settle: 1s\n", 1)
_TWO = f"{batch(REACHED)}---\n{batch(SILENT).removeprefix(_HEAD).replace('survey', 'other')}"
_FOR_EVER = 0


@dataclass(frozen=True)
class Row:
    """The run under `rules` ends with `exit`, and its user reads `says`; runs every 15 minutes under the same rules end
    with `on`; once the rules are gone, with `off`. With `prepared`, an apply and an hour went before. `called` is how
    often the two phones had called in the end."""

    name: str
    manifest: str
    rules: tuple[Mapping[str, Any], ...]
    exit: int
    says: str
    on: tuple[int, ...] = ()
    off: tuple[int, ...] = (0, 0)
    prepared: bool = False
    called: tuple[int, int] = (1, 1)
    limits: Mapping[str, int | bool] | None = None


def rule(operation: str, do: object, *, times: int = 1, after: int = 0) -> dict[str, Any]:
    return {"match": {"operation": operation, "times": times, "after": after}, "do": do}


def _lagging(seconds: int) -> dict[str, Any]:
    return rule("listCallBatches", {"lag": seconds}, times=_FOR_EVER)


_LOST, _UNHEARD = rule("createCallBatch", "lost_request"), rule("createCallBatch", "lost_answer")
_LATE = rule("createCallBatch", {"late": 60})
_NO_LIST = rule("listCallBatches", status(500, effect=False), times=_FOR_EVER)
_NO_LIST_AFTER_THE_PLAN = rule("listCallBatches", status(500, effect=False), times=_FOR_EVER, after=1)
_AHEAD = rule("*", {"date_shift": 600}, times=_FOR_EVER)
_STRANGE = {"status": "teleported"}
_NAMELESS = rule("listCallBatches", {"edit_items": {"name": None}}, times=_FOR_EVER)
_CUT = rule("listCallBatches", {"edit_items": {"name": "survey ~d1."}}, times=_FOR_EVER)

ROWS = (
    Row("a list that lags 10 min, nothing lost", _PLAIN, (_lagging(600),), 0, "with a guard of 16 minutes", on=(0,)),
    *(
        Row(f"answer lost, the list lags {lag} s", _PLAIN, (_UNHEARD, _lagging(lag)), 0, "found again", on=(0,))
        for lag in (5, 60)
    ),
    *(
        Row(f"request lost, the list lags {lag} s", _PLAIN, (_LOST, _lagging(lag)), 0, "decided anew", on=(0,))
        for lag in (5, 60)
    ),
    Row("answer lost, the list lags 10 min", _PLAIN, (_UNHEARD, _lagging(600)), 0, "found again", on=(0, 0)),
    Row("request lost, the list lags 10 min", _PLAIN, (_LOST, _lagging(600)), 3, "not proven either way", on=(0, 0)),
    Row(
        "two requests lost, the list lags 10 min",
        _TWO,
        (rule("createCallBatch", "lost_request", times=2), _lagging(600)),
        3,
        "not proven either way",
        on=(0, 0),
    ),
    Row(
        "one of two requests lost, of the other the answer, the list lags 4 min",
        _TWO,
        (_LOST, rule("createCallBatch", "lost_answer", after=1), _lagging(240)),
        0,
        "never arrived",
        on=(0, 0),
    ),
    Row("the list probe is lost too", _PLAIN, (rule("createCallBatch", "lost_request", times=2),), 0, "decided anew"),
    Row(
        "the answer of the list probe is lost",
        _PLAIN,
        (_LOST, rule("createCallBatch", "lost_answer", after=1)),
        0,
        "decided anew",
    ),
    Row(
        "the list probe is refused",
        _PLAIN,
        (_LOST, rule("createCallBatch", status(400, effect=False), after=1)),
        3,
        "was refused",
    ),
    Row("the list always lags 3 min", _PLAIN, (_lagging(180),), 0, "with a guard of 4 minutes", on=(0, 0)),
    Row("the list lags 2 hours", _PLAIN, (_lagging(7_200),), 3, "nobody is called there until it does", on=(1,)),
    Row("the list shows no names", _PLAIN, (_NAMELESS,), 3, "nobody is called there until it does", on=(1,)),
    Row("the list cuts names", _PLAIN, (_CUT,), 3, "nobody is called there until it does", on=(1,)),
    Row("the list fails, nothing lost", _PLAIN, (_NO_LIST,), 1, "answered 500", on=(1,)),
    Row(
        "answer lost, the list fails",
        _PLAIN,
        (_UNHEARD, _NO_LIST_AFTER_THE_PLAN),
        3,
        "nothing was concluded",
        on=(3,),
    ),
    Row("request lost, the list fails", _PLAIN, (_LOST, _NO_LIST_AFTER_THE_PLAN), 3, "nothing was concluded", on=(3,)),
    Row("the list is cut once", _PLAIN, (rule("listCallBatches", {"truncate": 20}),), 0, "2 people submitted"),
    Row(
        "a get misses somebody",
        _RETRIED,
        (rule("getCallBatch", {"drop_members": 1}, times=_FOR_EVER),),
        3,
        "answers 1 of its 2 people",
        on=(3,),
        prepared=True,
        called=(1, 2),
    ),
    Row(
        "a get fails",
        _RETRIED,
        (rule("getCallBatch", status(503, effect=False), times=_FOR_EVER),),
        1,
        "answered 503",
        on=(1,),
        prepared=True,
        called=(1, 2),
    ),
    Row(
        "words of a status that nobody knows",
        _RETRIED,
        (rule("getCallBatch", {"edit_items": _STRANGE}, times=_FOR_EVER),),
        0,
        "Nothing to do: everybody is where they should be.",
        on=(0,),
        prepared=True,
        called=(1, 1),  # what is over is over: its list state did not change, so nobody reads it again
    ),
    Row(
        "a batch's own status that nobody knows",
        _RETRIED,
        (rule("getCallBatch", {"edit": _STRANGE}), rule("listCallBatches", {"edit_items": _STRANGE})),
        0,
        "1 person submitted again",
        prepared=True,
        called=(1, 2),
    ),
    Row(
        "a retry that the provider does not count",
        _RETRIED,
        (
            rule("retryCallBatch", {"edit": {"retry_count": 0}}, times=_FOR_EVER),
            rule("getCallBatch", {"edit": {"retry_count": 0}}, times=_FOR_EVER),
            rule("listCallBatches", {"edit_items": {"retry_count": 0}}, times=_FOR_EVER),
        ),
        0,
        "1 person submitted again",
        on=(0, 0),
        prepared=True,
        called=(1, 2),
    ),
    Row(
        "a request that lands after settle, for tomorrow",
        TOMORROW,
        (rule("createCallBatch", {"late": 400}),),
        0,
        "found again",
        on=(0, 0),
    ),
    Row("settle shorter than the guard, lands in between", _IMPATIENT, (_LATE,), 0, "found again"),
    Row("no guard, the answer is lost", _UNGUARDED, (_UNHEARD,), 0, "found again"),
    Row("no guard, the request is lost", _UNGUARDED, (_LOST,), 0, "decided anew"),
    Row("the header is 10 min ahead of the clock that judges", _PLAIN, (_AHEAD,), 0, "2 people submitted", on=(0,)),
    Row(
        "the header is 10 min ahead of the clock that judges, a request lost",
        _PLAIN,
        (_LOST, _AHEAD),
        3,
        "dates it too early to prove anything",
        on=(0,),
    ),
    *(
        Row(
            f"impossible dates in the list ({date[:4]}), a request lost",
            _PLAIN,
            (_LOST, rule("listCallBatches", {"edit_items": {"created_at": date}}, times=_FOR_EVER)),
            0,
            "decided anew",
            on=(0,),
        )
        for date in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    ),
    Row(
        "numbers come in another form",
        _RETRIED,
        (rule("getCallBatch", {"number_forms": {"+1415": "+1 (415) "}}, times=_FOR_EVER),),
        0,
        "1 person submitted again",
        on=(0,),
        prepared=True,
        called=(1, 2),
    ),
    Row(
        "a create is delivered twice",
        _PLAIN,
        (rule("createCallBatch", {"copy": 0}),),
        0,
        "a second batch with the same people",
        on=(0,),
    ),
    *(
        Row(
            f"CallingBox's list in its old shape {shape}, an answer lost",
            _BOX,
            (rule("createCall", "lost_answer"), rule("listCalls", shape, times=_FOR_EVER)),
            0,
            "found again",
            on=(0,),
        )
        for shape in ("as_data", "bare")
    ),
    Row(
        "CallingBox's list holds only the newest call",
        _BOX,
        (rule("createCall", "lost_answer"), rule("listCalls", {"cap": 1}, times=_FOR_EVER)),
        3,
        "not proven either way",
        on=(3,),
        off=(0, 0),
    ),
    *(
        Row(
            f"no balance at CallingBox, said with {code}",
            _BOX,
            (rule("createCall", {"refusal": code}, times=_FOR_EVER),),
            1,
            "stopped, out of funds",
            on=(1,),
            limits={"balance_cents": 0},
        )
        for code in (400, 402)
    ),
    Row(
        "no balance at CallingBox, and its 201 tells only later",
        _BOX,
        (rule("createCall", {"refusal": 201}, times=_FOR_EVER),),
        0,
        "2 people submitted",
        on=(0,),
        limits={"balance_cents": 0},
    ),
)
