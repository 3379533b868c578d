"""What types from other packages find under --sandbox: no key and no base URL in the environment, and no network but
this machine's own.

It keeps an honest package from reaching a real API, however it is written. It is no wall against a hostile one: that is
a program which its user has installed.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from declarative.privacy import is_loopback

_HARMLESS = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|PWD|LANG|LANGUAGE|LC_.*|TZ|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|COLUMNS|LINES"
    "|TMPDIR|TEMP|TMP|XDG_.*|CI|GITHUB_ACTIONS|VIRTUAL_ENV|PYTHON(PATH|HOME|UTF8|DONTWRITEBYTECODE)|LD_LIBRARY_PATH"
    "|GIT_(DIR|WORK_TREE|CEILING_DIRECTORIES|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))"
)
"""Variables that stay: they say where programs and files are, and how text is shown."""
_TO_ADDRESS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class _Quarantine:
    """What holds for the whole process. Several sandboxes may be open at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._hidden: dict[str, str] = {}
        self._is_watched = False
        self.refuses_network = False

    @property
    def is_open(self) -> bool:
        return self._depth > 0

    def begin(self) -> None:
        with self._lock:
            self._depth += 1

    def end(self) -> None:
        """Give back what was hidden, once nobody needs it hidden any more."""
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
            self.refuses_network = False
            for name, value in self._hidden.items():
                os.environ.setdefault(name, value)
            self._hidden.clear()

    def close(self) -> None:
        """Hide the environment and refuse the network, from now to the end. Changes nothing where it is not open."""
        with self._lock:
            if not self._depth:
                return
            for name in [name for name in os.environ if not _HARMLESS.fullmatch(name)]:
                self._hidden[name] = os.environ.pop(name)
            self.refuses_network = True
            if not self._is_watched:  # a hook stays until the process ends
                sys.addaudithook(_refuse_network)
                self._is_watched = True


_quarantine = _Quarantine()


@contextmanager
def hold_quarantine() -> Iterator[None]:
    """Within it, no type from another package is loaded that brings no simulator. Once one is loaded that does, the
    process has neither its environment nor a network until the end: a real run beside it would fail to connect."""
    _quarantine.begin()
    try:
        yield
    finally:
        _quarantine.end()


def is_open() -> bool:
    """Whether a sandbox is in use, so that only simulated types may be loaded."""
    return _quarantine.is_open


def close() -> None:
    """Called before anything of another package runs."""
    _quarantine.close()


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Raise OSError for a connection or a look-up that leaves this machine."""
    if not _quarantine.refuses_network or event not in _TO_ADDRESS | _LOOK_UPS:
        return
    target = arguments[0] if event in _LOOK_UPS else arguments[1]
    host = target[0] if isinstance(target, tuple) and target else target
    # Sockets of this machine have a path instead of an address, or none.
    is_own = not isinstance(host, str) or (event in _TO_ADDRESS and not isinstance(target, tuple))
    if not is_own and host and not is_loopback(str(host)):
        raise PermissionError(errno.EACCES, "--sandbox refuses a connection to another machine")
