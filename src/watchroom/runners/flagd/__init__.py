"""flagd, OpenFeature's flag daemon: a flag is disabled, enabled, or given another default variant, where flagd reads it from
a cluster: a ``FeatureFlag`` of the OpenFeature operator, or a config map that is mounted as its file.

Flag definitions: https://flagd.dev/reference/flag-definitions/ (``state`` ENABLED or DISABLED; a disabled flag is as if it
were not there, so that the program takes its own default; ``defaultVariant`` names one of ``variants``, and targeting rules go
before it). The resource: https://open-feature.github.io/open-feature-operator/docs/crds.html,
``core.openfeature.dev/v1beta1``, ``spec.flagSpec.flags``. Where flagd reads: https://flagd.dev/concepts/syncs/. Changed through
the cluster's API with a service account's token, which needs ``get`` and ``patch`` on that one resource.

What stands there already is left alone, so the same order may be sent twice. A config map is one text: it is only changed
while nobody else has changed it since it was read (``resourceVersion``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from ...kernel import http
from ...kernel.errors import Refused
from .. import base, cluster
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ..cluster import call

_NAME = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_FILE = r"[-._A-Za-z0-9]{1,253}"
_PATHS = {
    "featureflag": "/apis/core.openfeature.dev/v1beta1/namespaces/{}/featureflags/{}",
    "configmap": "/api/v1/namespaces/{}/configmaps/{}",
}
_STATES = {"disable": "DISABLED", "enable": "ENABLED"}


@dataclass(frozen=True)
class Found:
    """The flag as it stands, and how it is changed: ``patch(wanted)`` is the merge patch that makes it so."""

    flag: dict[str, Any]
    file: str = ""
    document: dict[str, Any] | None = None
    version: str = ""

    def patch(self, name: str, wanted: Mapping[str, str]) -> dict[str, Any]:
        """The merge patch that gives the flag what is ``wanted``."""
        if self.document is None:
            return {"spec": {"flagSpec": {"flags": {name: dict(wanted)}}}}
        self.flag.update(wanted)  # it lies within the document
        text = msgspec.json.format(msgspec.json.encode(self.document), indent=2).decode() + "\n"
        return {"metadata": {"resourceVersion": self.version}, "data": {self.file: text}}


class Flagd:
    """See the module's text."""

    name = "flagd"
    label = "flagd (OpenFeature)"
    summary = "Disables a feature flag, or gives it another variant, where flagd reads it from a cluster."
    fields = cluster.fields("With get and patch on the flags.")
    inputs = (
        Field("flag", "Flag", "Its key.", required=True),
        Field("do", "What to do", kind="choice", choices=("disable", "enable", "variant"), default="disable"),
        Field("variant", "Variant", "The new default variant."),
        Field("kind", "It stands in a", kind="choice", choices=tuple(_PATHS), default="featureflag"),
        Field("namespace", "Namespace", default="default"),
        Field("name", "Name", "Of the FeatureFlag or the config map.", required=True),
        Field("file", "File", "Of a config map; where it has only one, that one."),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return cluster.check(settings, self.fields)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        cluster.check_names(cleaned, _NAME)
        base.must_match(cleaned, "file", _FILE, "Write the key in the config map, such as flags.json.")
        if cleaned["do"] == "variant" and not cleaned.get("variant"):
            raise Refused("Which variant?", field="variant", value="", fix="Write the name of one, such as off.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return http.origin(str(settings.get("url", "")))

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        where = f"{inputs.get('kind')} {inputs.get('namespace')}/{inputs.get('name')}"
        if inputs.get("do") == "variant":
            return f"Makes {inputs.get('variant')} the default variant of the flag {inputs.get('flag')} in {where}."
        return f"{str(inputs.get('do', '')).capitalize()}s the flag {inputs.get('flag')} in {where}."

    def try_it(self, settings: Settings) -> str:
        return cluster.try_it(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs, name = order.inputs, order.inputs["flag"]
        cluster.must_be_allowed(settings, inputs["namespace"])
        path = _PATHS[inputs["kind"]].format(quote(inputs["namespace"], safe=""), quote(inputs["name"], safe=""))
        found = _find(base.read(call(settings, "GET", path)), inputs)
        wanted = _wanted(found.flag, inputs)
        was = f"It is {_said(found.flag)} now"
        if all(found.flag.get(field) == value for field, value in wanted.items()):
            return Progress("succeeded", f"{was}: nothing is to be done.")
        before, after = _said(found.flag), _said({**found.flag, **wanted})
        rules = " Its targeting rules go before the default variant." if inputs["do"] == "variant" and found.flag.get("targeting") else ""  # fmt: skip
        query = "?dryRun=All" if order.dry_run else ""
        call(settings, "PATCH", path + query, found.patch(name, wanted), cluster.MERGE, changes=not order.dry_run)
        if order.dry_run:
            return Progress("succeeded", f"{was}, and would be {after}; the cluster would accept it.{rules}")
        return Progress("succeeded", f"{name} was {before} and is {after}; flagd takes it up by itself.{rules}")

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


def _wanted(flag: dict[str, Any], inputs: Inputs) -> dict[str, str]:
    if inputs["do"] != "variant":
        return {"state": _STATES[inputs["do"]]}
    variants = cluster.part(flag, "variants")
    if inputs["variant"] not in variants:
        raise RunFailed(
            f"The flag {inputs['flag']} has no variant {inputs['variant']}.", fix=f"It has {_names(variants)}."
        )
    return {"defaultVariant": inputs["variant"]}


def _said(flag: dict[str, Any]) -> str:
    return f"{flag.get('state', 'without a state')}, by default {flag.get('defaultVariant') or 'without a variant'}"


def _find(resource: dict[str, Any], inputs: Inputs) -> Found:
    name = inputs["flag"]
    if inputs["kind"] == "featureflag":
        flags = cluster.part(cluster.part(cluster.part(resource, "spec"), "flagSpec"), "flags")
        return Found(_flag(flags, name))
    files = cluster.part(resource, "data")
    file = inputs.get("file") or (next(iter(files)) if len(files) == 1 else "")
    if file not in files:
        raise RunFailed(f"There is no file {file!r} in the config map." if file else "It has several files: which?",
                        fix=f"It has {_names(files)}.")  # fmt: skip
    try:
        document = msgspec.json.decode(str(files[file]))
    except (msgspec.MsgspecError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RunFailed(f"{file} is not a JSON object.", fix="Flags in YAML can't be changed from here: use JSON.")
    listed = document.get("flags")
    flags = cluster.part(document, "flags")
    if isinstance(listed, list):  # the newer form: each with its key
        flags = {str(each.get("key")): each for each in listed if isinstance(each, dict)}
    version = str(cluster.part(resource, "metadata").get("resourceVersion", ""))
    return Found(_flag(flags, name), file, document, version)


def _flag(flags: dict[str, Any], name: str) -> dict[str, Any]:
    found = flags.get(name)
    if not isinstance(found, dict):
        raise RunFailed(f"There is no flag {name} there.", fix=f"It has {_names(flags)}.")
    return found


def _names(found: Mapping[str, Any]) -> str:
    names = sorted(map(str, found))
    return (", ".join(names[:20]) + (", …" if len(names) > 20 else "")) or "none"


runner = Flagd()
