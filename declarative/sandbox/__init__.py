"""A simulator of both providers' HTTP APIs: no key, no account, nobody is called.

It knows nothing of the rest of dialctl. What happens to a number: `outcomes.OUTCOMES`.
"""

SANDBOX_KEY = "sk_sandbox"
"""The key that dialctl itself comes with; any other names an account of its own."""
