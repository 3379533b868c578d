"""A simulator of both providers' HTTP APIs: no key, no account, no phone rings.

It knows nothing of the rest of dialctl.

What happens to a number is decided by (seed, number, how often it was dialed before), and for the numbers
`+1xxx55501yy` by their last two digits:

91  rings out, never answered (`dial_no_answer`)
92  busy
93  the carrier fails (`dial_failed`)
94  turned away before any phone rings
95  not answered the first time, reached from the second time on
96  voicemail (Cartesia: a short connected call; CallingBox: `no_answer`, answered by `machine`)
97  answers, then the call breaks with `error`

Of all others 76 % are reached (20 to 180 seconds of talk), 16 % do not answer, 6 % are busy, 2 % fail. A number
outside `+1` from a Cartesia number is turned away before any phone rings. Ids containing `missing` do not exist;
Cartesia numbers whose id contains `sip` or `twilio` are of that kind; keys containing `revoked` are refused.
"""
