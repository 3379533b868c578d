"""A simulator of both providers' HTTP APIs: no key, no account, nobody is called.

It imports nothing of the rest of dialctl, so that it does not inherit a mistake of the engine. What happens to a
number is described in `outcomes.OUTCOMES`.
"""

SANDBOX_KEY = "sk_sandbox"
"""The API key that dialctl uses for its sandbox. Every other key opens an account of its own."""
