"""dialctl: infrastructure as code for outbound AI voice calls."""

__version__ = "0.1.0"
