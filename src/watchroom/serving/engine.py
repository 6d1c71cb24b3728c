"""`watchroom engine`: does whatever is due."""

from __future__ import annotations

import importlib
import os

from . import ready
from .parent import die_with_parent


def run_engine() -> None:
    """Run the engine until it is told to end."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    import django

    django.setup()
    if ready.wait():  # nobody has looked at it yet
        importlib.import_module("watchroom.intake.journal").mend()
    importlib.import_module("watchroom.engine.loop").run()
