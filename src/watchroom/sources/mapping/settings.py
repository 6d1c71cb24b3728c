"""The settings of a source whose integrations may have a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kernel.errors import Refused
from .form import checked
from .running import worker
from .trying import run_tests


def checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, cleaned. A mapping is kept only if it can be carried out and all its tests hold.

    :raises Refused: one that is not known, or a mapping that is not accepted.
    """
    for name in settings:
        if name != "mapping":
            raise Refused("There is no such setting.", field=name, value="", fix="Use mapping, or leave it out.")
    found = checked(settings.get("mapping"))
    if not found:
        return {}
    answer = worker.ask(found, None, only_check=True)
    if "alerts" not in answer:
        fix = f"Correct it: {answer['why']}."
        raise Refused(
            f"The mapping's {answer['field'] or 'fields'} can't be carried out.",
            field=f"mapping.{answer['field']}".rstrip("."),
            value=answer["value"],
            fix=fix,
        )
    for number, tested in enumerate(run_tests(found)):
        if tested.differences:
            raise Refused(
                f"The test “{tested.name}” of the mapping fails.",
                field=f"mapping.tests[{number}]",
                value=tested.name,
                fix=f"{'; '.join(tested.differences)[:500]}. Correct the mapping or the test.",
            )
    return {"mapping": found}
