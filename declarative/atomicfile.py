"""Files that save time and nothing else: losing one, or not being able to keep it, is no failure. Knows no other
module."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_best_effort(file: Path, data: bytes) -> None:
    """Puts `data` in the place of the file, readable to its owner alone, whole or not at all."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent)  # created 0600
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            os.replace(temporary, file)
        except BaseException:
            os.unlink(temporary)
            raise
