"""`watchroom engine`: does whatever is due."""

from __future__ import annotations

import importlib
import os

from .parent import die_with_parent


def run_engine() -> None:
    """Run the engine until it is told to end."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    import django

    django.setup()
    importlib.import_module("watchroom.engine.loop").run()
