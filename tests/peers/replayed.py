"""Replays all migrations, as `django migrate` does it, in a tenth of its time: ``python -m peers.replayed``.

Between two operations Django draws the changed model anew, and with it whatever is related to it in any way: in a database
where nearly everything points to a person or a team that is everything, some 30,000 drawings for 150 migrations. What an
operation writes into the database depends only on the model that it changes and on those that point to it.
"""

from __future__ import annotations

import sys

import django
from django.core.management import call_command
from django.db.migrations.state import ProjectState


def _touched(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
    """In the place of Django's own answer: the model, and those that point to it."""
    if delay:
        state.is_delayed = True
    return {(app_label, model_name), *state.relations.get((app_label, model_name), ())}


def main() -> None:
    ProjectState._find_reload_model = _touched  # type: ignore[attr-defined]
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    if "journal" in sys.argv:  # it has tables of one package
        call_command("migrate", "intake", database="journal", verbosity=0, skip_checks=True)


if __name__ == "__main__":
    main()
