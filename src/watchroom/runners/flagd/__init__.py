"""flagd, OpenFeature's flag daemon: a flag is disabled, enabled, or given another default variant, where flagd reads it from
a cluster: a ``FeatureFlag`` of the OpenFeature operator, or a config map that is mounted as its file.

Flag definitions: see :mod:`watchroom.runners.flags`. The resource: https://open-feature.github.io/open-feature-operator/docs/crds.html,
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

from ...kernel import http
from .. import base, cluster, flags
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ..cluster import call

_NAME = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_FILE = r"[-._A-Za-z0-9]{1,253}"
_PATHS = {
    "featureflag": "/apis/core.openfeature.dev/v1beta1/namespaces/{}/featureflags/{}",
    "configmap": "/api/v1/namespaces/{}/configmaps/{}",
}


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
        return {"metadata": {"resourceVersion": self.version}, "data": {self.file: flags.written(self.document)}}


class Flagd:
    """See the module's text."""

    name = "flagd"
    label = "flagd (OpenFeature)"
    summary = "Disables a feature flag, or gives it another variant, where flagd reads it from a cluster."
    fields = cluster.fields("With get and patch on the flags.")
    inputs = (
        *flags.INPUTS,
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
        flags.check(cleaned)
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return http.origin(str(settings.get("url", "")))

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        return flags.plan(inputs, f"{inputs.get('kind')} {inputs.get('namespace')}/{inputs.get('name')}")

    def try_it(self, settings: Settings) -> str:
        return cluster.try_it(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs, name = order.inputs, order.inputs["flag"]
        cluster.must_be_allowed(settings, inputs["namespace"])
        path = _PATHS[inputs["kind"]].format(quote(inputs["namespace"], safe=""), quote(inputs["name"], safe=""))
        found = _find(base.read(call(settings, "GET", path)), inputs)
        wanted = flags.wanted(found.flag, inputs)
        was = f"It is {flags.said(found.flag)} now"
        if all(found.flag.get(field) == value for field, value in wanted.items()):
            return Progress("succeeded", f"{was}: nothing is to be done.")
        before, after = flags.said(found.flag), flags.said({**found.flag, **wanted})
        rules = flags.rules_go_first(found.flag, inputs)
        query = "?dryRun=All" if order.dry_run else ""
        call(settings, "PATCH", path + query, found.patch(name, wanted), cluster.MERGE, changes=not order.dry_run)
        if order.dry_run:
            return Progress("succeeded", f"{was}, and would be {after}; the cluster would accept it.{rules}")
        return Progress("succeeded", f"{name} was {before} and is {after}; flagd takes it up by itself.{rules}")

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


def _find(resource: dict[str, Any], inputs: Inputs) -> Found:
    name = inputs["flag"]
    if inputs["kind"] == "featureflag":
        there = base.part(base.part(base.part(resource, "spec"), "flagSpec"), "flags")
        return Found(flags.flag_in(there, name))
    files = base.part(resource, "data")
    file = inputs.get("file") or (next(iter(files)) if len(files) == 1 else "")
    if file not in files:
        raise RunFailed(f"There is no file {file!r} in the config map." if file else "It has several files: which?",
                        fix=f"It has {flags.names(files)}.")  # fmt: skip
    document = flags.document(str(files[file]), file)
    version = str(base.part(resource, "metadata").get("resourceVersion", ""))
    return Found(flags.flag_in(flags.flags_in(document), name), file, document, version)


runner = Flagd()
