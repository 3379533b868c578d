"""Twilio's requests: the two halves of the key, error forms, and what a form may hold."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from urllib.parse import parse_qs

from declarative.sandbox import checks
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, RequestContext

LONGEST_TIMEOUT, DEFAULT_TIMEOUT, LONGEST_CALL = 600, 60, 14_400
"""Seconds that a phone may be called, seconds that a call may last."""
_CODES = {401: 20003, 403: 20403, 404: 20404, 429: 20429}
"""Codes of errors without one of their own."""
_MORE_INFO = "https://www.twilio.com/docs/errors/"
_APPLICATION = re.compile(r"AP[0-9a-fA-F]{32}")
_SCRIPTS = ("Url", "Twiml", "ApplicationSid")
_OPTIONAL = (
    *_SCRIPTS,
    "Method",
    "Timeout",
    "TimeLimit",
    "MachineDetection",
    "MachineDetectionTimeout",
    "AsyncAmd",
    "StatusCallback",
    "StatusCallbackEvent",
    "StatusCallbackMethod",
    "Record",
    "CallerId",
    "CallReason",
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "Method": ("GET", "POST"),
    "MachineDetection": ("Enable", "DetectMessageEnd"),
    "AsyncAmd": ("true", "false"),
    "StatusCallbackMethod": ("GET", "POST"),
}


def api_key(request: ApiRequest) -> str:
    """Return the token of HTTP Basic authentication, whose user is the account of the path. Raises ApiError 401."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        account, _, token = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        account, token = "", ""
    is_known = account and account == request.path_values.get("AccountSid") and token and "revoked" not in token
    if scheme.lower() != "basic" or not is_known:
        raise ApiError(401, "Authenticate")
    return token


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    """Render an error. Its title is its code, if it has one of its own."""
    code = int(api_error.title or _CODES.get(api_error.status, 20001))
    body = {"code": code, "message": api_error.message, "more_info": f"{_MORE_INFO}{code}", "status": api_error.status}
    return ApiResponse(api_error.status, body)


def with_code(handle: Callable[[RequestContext], ApiResponse]) -> Callable[[RequestContext], ApiResponse]:
    """Wrap a handler: a field that is wrong is refused with the code of invalid parameters."""

    def handle_validated(context: RequestContext) -> ApiResponse:
        try:
            return handle(context)
        except ApiError as api_error:
            if api_error.status != 400 or api_error.title:
                raise
            raise ApiError(400, api_error.message, title="20001") from None

    return handle_validated


def parse_form(context: RequestContext, required: Collection[str], optional: Collection[str]) -> dict[str, str]:
    """Return the fields of a form; of a repeated one, the last. Raises ApiError."""
    try:
        pairs = parse_qs(context.request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise ApiError(400, "the body is no form") from None
    form = {name: values[-1] for name, values in pairs.items()}
    checks.require_fields(form, required, optional)
    return form


def parse_call(context: RequestContext) -> dict[str, str]:
    """Return the form of a new call, checked. Raises ApiError."""
    form = parse_form(context, ("To", "From"), _OPTIONAL)
    try:
        checks.require_phone(form["To"], "To")
    except ApiError:
        raise ApiError(400, "Invalid 'To' Phone Number", title="21211") from None
    if not has_number(form["From"]):
        raise ApiError(400, "The source phone number is not verified for your account", title="21210")
    if len([name for name in _SCRIPTS if name in form]) != 1:
        raise ApiError(400, "one of Url, Twiml and ApplicationSid is required", title="21205")
    if not form.get("Url", "http").startswith("http"):
        raise ApiError(400, "Url is not valid", title="21205")
    if len(form.get("Twiml", "")) > 4000:
        raise ApiError(400, "Twiml may have 4000 characters")
    if not _APPLICATION.fullmatch(form.get("ApplicationSid", f"AP{'0' * 32}")):
        raise ApiError(400, "ApplicationSid is not valid")
    for name, allowed in _CHOICES.items():
        if name in form:
            checks.require_choice(form, name, allowed)
    require_seconds(form, "Timeout", LONGEST_TIMEOUT, DEFAULT_TIMEOUT)
    require_seconds(form, "TimeLimit", LONGEST_CALL, LONGEST_CALL)
    return form


def require_seconds(form: Mapping[str, str], name: str, most: int, default: int) -> int:
    """Return a number from 1 to `most`. Raises ApiError."""
    text = form.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= most:
        raise ApiError(400, f"{name} must be a number from 1 to {most}")
    return int(text)


def has_number(number: str) -> bool:
    """Whether the account has a number: it has those of the 555-01xx kind."""
    return number.startswith("+1") and "55501" in number
