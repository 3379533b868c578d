"""Which database and which prefix a state URL means. Opens nothing, and never quotes what may be a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from declarative.errors import UsageError

_PREFIX = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._]*(/[-A-Za-z0-9._]+)*")
_EXAMPLE = "postgresql:///DATABASE?prefix=PREFIX"


@dataclass(frozen=True, kw_only=True)
class PostgresUrl:
    """A state URL, taken apart."""

    conninfo: str
    """The URL without the prefix, as libpq reads it. It may hold a password."""
    prefix: str
    """Tells the locks in one database apart."""
    location: str
    """The URL for messages: without user, password and the parameters of libpq."""

    @classmethod
    def parse(cls, url: str) -> PostgresUrl:
        """Take a URL apart. Raises UsageError, which does not quote the URL, for one that names no prefix."""
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _invalid_url_error("cannot be read") from None
        parameters = [parameter for parameter in parts.query.split("&") if parameter]
        prefixes = [unquote(parameter.partition("=")[2]) for parameter in parameters if _is_prefix(parameter)]
        rest = [parameter for parameter in parameters if not _is_prefix(parameter)]
        if parts.fragment or len(parts.path) < 2:
            raise _invalid_url_error("names no database" if not parts.fragment else "holds a #")
        if len(prefixes) != 1 or not _PREFIX.fullmatch(prefixes[0]):
            raise _invalid_url_error("needs one prefix of letters, digits, dots, dashes, underscores and slashes")
        conninfo = f"postgresql://{parts.netloc}{parts.path}{'?' + '&'.join(rest) if rest else ''}"
        host = parts.netloc.rpartition("@")[2]
        return cls(
            conninfo=conninfo,
            prefix=prefixes[0],
            location=f"postgresql://{host}{parts.path}?prefix={prefixes[0]}",
        )


def _is_prefix(parameter: str) -> bool:
    return parameter.partition("=")[0] == "prefix"


def _invalid_url_error(what: str) -> UsageError:
    # A URL in the environment may hold a password, and one that cannot be read may hold it anywhere.
    return UsageError(
        f"the state URL of a PostgreSQL database {what}",
        hint=f"write it as in {_EXAMPLE}; percent-encode whatever else than letters and digits a password holds",
    )
