"""Files of which more than their content has to last."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have what the system still holds of a file, or of the names in a directory, written to the disk.

    :raises OSError: it is not, or may not be.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
