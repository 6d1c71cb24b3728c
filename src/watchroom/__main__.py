"""`watchroom`, the command."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    from .cli.main import run

    run()


if __name__ == "__main__":
    main()
