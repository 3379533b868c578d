"""A simulator of both providers' HTTP APIs: no key, no account, no phone rings.

It knows nothing of the rest of dialctl. What happens to a number: `outcomes.OUTCOMES`.
"""
