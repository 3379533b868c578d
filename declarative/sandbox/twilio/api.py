"""Twilio's operations, and its look-ups of the account and its numbers."""

from __future__ import annotations

from declarative.sandbox.request import ApiResponse, Operation, RequestContext
from declarative.sandbox.twilio.calls import account_of, create_call, get_call, update_call
from declarative.sandbox.twilio.pages import list_calls
from declarative.sandbox.twilio.requests import has_number, with_code

_BASE = "/2010-04-01/Accounts/{AccountSid}"
_NUMBER = "+12025550100"


def get_account(context: RequestContext) -> ApiResponse:
    status = "suspended" if context.org.usage_limited else "active"
    return ApiResponse(200, {"sid": account_of(context), "friendly_name": "Sandbox", "status": status})


def list_numbers(context: RequestContext) -> ApiResponse:
    wanted = context.request.query.get("PhoneNumber", _NUMBER)
    numbers: list[dict[str, object]] = [
        {"sid": f"PN{wanted[-10:]:0>32}", "phone_number": wanted, "capabilities": {"voice": True}}
    ]
    return _number_page("incoming_phone_numbers", numbers if has_number(wanted) else [])


def list_caller_ids(context: RequestContext) -> ApiResponse:
    return _number_page("outgoing_caller_ids", [])


def _number_page(field: str, numbers: list[dict[str, object]]) -> ApiResponse:
    return ApiResponse(200, {field: numbers, "page": 0, "page_size": 50, "next_page_uri": None})


OPERATIONS = tuple(
    operation._replace(handle=with_code(operation.handle))
    for operation in (
        Operation("createCall", "POST", f"{_BASE}/Calls.json", create_call),
        Operation("listCalls", "GET", f"{_BASE}/Calls.json", list_calls),
        Operation("getCall", "GET", f"{_BASE}/Calls/{{Sid}}.json", get_call),
        Operation("updateCall", "POST", f"{_BASE}/Calls/{{Sid}}.json", update_call),
        Operation("getAccount", "GET", f"{_BASE}.json", get_account),
        Operation("listIncomingNumbers", "GET", f"{_BASE}/IncomingPhoneNumbers.json", list_numbers),
        Operation("listCallerIds", "GET", f"{_BASE}/OutgoingCallerIds.json", list_caller_ids),
    )
)
