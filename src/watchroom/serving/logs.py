"""One way of logging for the processes that have no Django to set it up."""

from __future__ import annotations

import logging
import time


def to_stderr() -> None:
    """Log to stderr, in the same lines as the other processes, in UTC."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("{asctime} {levelname:<7} {name}: {message}", style="{"))
    assert handler.formatter is not None
    handler.formatter.converter = time.gmtime
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
