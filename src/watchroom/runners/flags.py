"""Flag definitions of flagd, wherever they stand: one is disabled, enabled, or given another default variant. Pure.

https://flagd.dev/reference/flag-definitions/: ``state`` is ENABLED or DISABLED (a disabled flag is as if it were not there,
so that the program takes its own default); ``defaultVariant`` names one of ``variants``, and targeting rules go before it.
``flags`` is an object by key, or, in the newer form, a list of flags with their keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..kernel.errors import Refused
from .base import Field, Inputs, RunFailed, part

INPUTS = (
    Field("flag", "Flag", "Its key.", required=True),
    Field("do", "What to do", kind="choice", choices=("disable", "enable", "variant"), default="disable"),
    Field("variant", "Variant", "The new default variant."),
)
_STATES = {"disable": "DISABLED", "enable": "ENABLED"}


def check(cleaned: Mapping[str, str]) -> None:
    """:raises Refused: another variant is asked for, and none is named."""
    if cleaned["do"] == "variant" and not cleaned.get("variant"):
        raise Refused("Which variant?", field="variant", value="", fix="Write the name of one, such as off.")


def plan(inputs: Inputs, where: str) -> str:
    """In words, what is going to be done."""
    if inputs.get("do") == "variant":
        return f"Makes {inputs.get('variant')} the default variant of the flag {inputs.get('flag')} in {where}."
    return f"{str(inputs.get('do', '')).capitalize()}s the flag {inputs.get('flag')} in {where}."


def document(text: str | bytes, file: str) -> dict[str, Any]:
    """:raises RunFailed: it is no JSON object."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RunFailed(f"{file} is not a JSON object.", fix="Flags in YAML can't be changed from here: use JSON.")
    return found


def written(found: dict[str, Any]) -> str:
    """A document as its file."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def flags_in(found: dict[str, Any]) -> dict[str, Any]:
    """The flags of a document by key; changing one changes the document."""
    listed = found.get("flags")
    if isinstance(listed, list):
        return {str(each.get("key")): each for each in listed if isinstance(each, dict)}
    return part(found, "flags")


def flag_in(flags: dict[str, Any], name: str) -> dict[str, Any]:
    """:raises RunFailed: there is no such flag."""
    found = flags.get(name)
    if not isinstance(found, dict):
        raise RunFailed(f"There is no flag {name} there.", fix=f"It has {names(flags)}.")
    return found


def wanted(flag: dict[str, Any], inputs: Inputs) -> dict[str, str]:
    """What becomes of a flag. :raises RunFailed: it has no such variant."""
    if inputs["do"] != "variant":
        return {"state": _STATES[inputs["do"]]}
    variants = part(flag, "variants")
    if inputs["variant"] not in variants:
        raise RunFailed(
            f"The flag {inputs['flag']} has no variant {inputs['variant']}.", fix=f"It has {names(variants)}."
        )
    return {"defaultVariant": inputs["variant"]}


def said(flag: Mapping[str, Any]) -> str:
    """How a flag stands."""
    return f"{flag.get('state', 'without a state')}, by default {flag.get('defaultVariant') or 'without a variant'}"


def rules_go_first(flag: Mapping[str, Any], inputs: Inputs) -> str:
    """What one has to know of another default variant."""
    first = inputs["do"] == "variant" and flag.get("targeting")
    return " Its targeting rules go before the default variant." if first else ""


def names(found: Mapping[str, Any]) -> str:
    """Some of the names there are."""
    known = sorted(map(str, found))
    return (", ".join(known[:20]) + (", …" if len(known) > 20 else "")) or "none"
