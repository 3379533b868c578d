"""What Twilio can do, as data: single calls without mark, key or time. Importing this module imports nothing heavy."""

from __future__ import annotations

from datetime import timedelta

from declarative.model.capabilities import Cancellable, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

VERSION = "2010-04-01"
"""The version in every path."""
OUTCOMES = frozenset({"busy", "no-answer", "failed", "canceled"})
"""The values of `status` for a person who was called and not reached (twilio.md 2.2)."""

_NO_TIME = "cannot be kept: Twilio calls at once; run apply at that time, or write calling_hours"
_NOT_PROMISED = (
    "Twilio keeps nothing of ours with a call. After a lost answer nobody can prove what became of it: it stays unsure "
    "until a person decides, dialctl status shows the calls that may be it, and a lost lock cannot be rebuilt. A call "
    "may wait in Twilio's own queue and go out up to 24 hours later. One that waits for a minute, or that may not be "
    "made any more, is taken back, but only while dialctl runs"
)

TWILIO = ProviderType(
    name="twilio",
    key_variable="TWILIO_AUTH_TOKEN",
    account_variable="TWILIO_ACCOUNT_SID",
    url_variable="TWILIO_BASE_URL",
    default_url="https://api.twilio.com",
    versions=(VERSION,),
    routes={
        VERSION: {
            Route.CALL: Capabilities(
                settings=SettingsFields(
                    names=(
                        "From",
                        "Url",
                        "Twiml",
                        "ApplicationSid",
                        "Timeout",
                        "TimeLimit",
                        "MachineDetection",
                        "StatusCallback",
                    ),
                    script=("Url", "Twiml", "ApplicationSid"),
                    caller=("From",),
                    lengthy=("Twiml",),
                    secret=("Url", "StatusCallback"),
                ),
                max_people=1,
                provable=False,  # twilio.md 4
                schedulable=False,
                cancellable=Cancellable.ALWAYS,  # twilio.md 2.3
                cancel_settles=0.0,  # twilio.md 5, row 9
                retryable=False,
                returns_data=False,  # twilio.md 2.1
                shows_mark=False,  # twilio.md 2.1
                most_queued=timedelta(seconds=5),  # twilio.md 3
                outcomes=OUTCOMES,
                failures=frozenset({"failed"}),
                personal=("Parameters",),
                personal_in="Url",
                data_limits={"Parameters": DataLimits(is_flat=True, reserves_mark=False)},
                longest_call=timedelta(hours=4, minutes=11),  # twilio.md 5, row 6, after the longest `Timeout`
                per_second=1.0,  # twilio.md 3
                notes=_NOT_PROMISED,
            )
        }
    },
    refused={
        "To": "is written as to_number",
        "scheduled_at": _NO_TIME,
        "agent_id": "is written as Url, Twiml or ApplicationSid: what the call does",
        "from_number": "is written as From",
        "Method": "is always POST",
        "SendDigits": "is not taken: a call is made to a person",
        "Status": "is set by dialctl",
    },
    placeholders={
        "From": '"+14155550100"',
        "Url": "https://agent.example.com/twiml   # replace with yours: it answers TwiML",
    },
)
