"""flagd, OpenFeature's flag daemon: a flag is disabled, enabled, or given another default variant, where flagd reads it from
a cluster: a ``FeatureFlag`` of the OpenFeature operator, or a config map that is mounted as its file.

Flag definitions: see :mod:`watchroom.runners.flags`. The resource: https://open-feature.github.io/open-feature-operator/docs/crds.html,
``core.openfeature.dev/v1beta1``, ``spec.flagSpec.flags``. Where flagd reads: https://flagd.dev/concepts/syncs/. Changed through
the cluster's API with a service account's token, which needs ``get`` and ``patch`` on that one resource.

What stands there already is left alone, so the same order may be sent twice. A config map is one text: it is only changed
while nobody else has changed it since it was read (``resourceVersion``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...kernel import http
from .. import base, cluster, flags
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ..cluster import client

_NAME = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_FILE = r"[-._A-Za-z0-9]{1,253}"
_KINDS = ("featureflag", "configmap")
_API = ("core.openfeature.dev", "v1beta1")


@dataclass(frozen=True)
class Found:
    """The flag as it stands; ``patch`` patches the resource in which it stands."""

    flag: dict[str, Any]
    patch: Callable[..., None]
    file: str = ""
    document: dict[str, Any] | None = None
    version: str = ""

    def change(self, name: str, wanted: Mapping[str, str], *, dry_run: bool) -> None:
        """Give the flag what is ``wanted``. :raises RunFailed: the cluster refused it, or nobody knows."""
        if self.document is None:
            body: dict[str, Any] = {"spec": {"flagSpec": {"flags": {name: dict(wanted)}}}}
        else:
            self.flag.update(wanted)  # it lies within the document
            body = {"metadata": {"resourceVersion": self.version}, "data": {self.file: flags.written(self.document)}}
        self.patch(body=body, dry_run=dry_run)


class Flagd:
    """See the module's text."""

    name = "flagd"
    label = "flagd (OpenFeature)"
    summary = "Disables a feature flag, or gives it another variant, where flagd reads it from a cluster."
    fields = cluster.fields("With get and patch on the flags.")
    inputs = (
        *flags.INPUTS,
        Field("kind", "It stands in a", kind="choice", choices=_KINDS, default="featureflag"),
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
        return client.version(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs, name = order.inputs, order.inputs["flag"]
        cluster.must_be_allowed(settings, inputs["namespace"])
        found = _find(settings, inputs)
        wanted = flags.wanted(found.flag, inputs)
        was = f"It is {flags.said(found.flag)} now"
        if all(found.flag.get(field) == value for field, value in wanted.items()):
            return Progress("succeeded", f"{was}: nothing is to be done.")
        before, after = flags.said(found.flag), flags.said({**found.flag, **wanted})
        rules = flags.rules_go_first(found.flag, inputs)
        found.change(name, wanted, dry_run=order.dry_run)
        if order.dry_run:
            return Progress("succeeded", f"{was}, and would be {after}; the cluster would accept it.{rules}")
        return Progress("succeeded", f"{name} was {before} and is {after}; flagd takes it up by itself.{rules}")

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


def _find(settings: Settings, inputs: Inputs) -> Found:
    name = inputs["flag"]
    if inputs["kind"] == "featureflag":
        custom = client.api(settings, "CustomObjectsApi")
        resource = (*_API, inputs["namespace"], "featureflags", inputs["name"])
        found = client.call(custom.get_namespaced_custom_object, *resource)
        there = base.part(base.part(base.part(found, "spec"), "flagSpec"), "flags")
        return Found(
            flags.flag_in(there, name), partial(client.patch, custom.patch_namespaced_custom_object, *resource)
        )
    core = client.api(settings, "CoreV1Api")
    place = (inputs["name"], inputs["namespace"])
    found = client.call(core.read_namespaced_config_map, *place)
    files = base.part(found, "data")
    file = inputs.get("file") or (next(iter(files)) if len(files) == 1 else "")
    if file not in files:
        raise RunFailed(f"There is no file {file!r} in the config map." if file else "It has several files: which?",
                        fix=f"It has {flags.names(files)}.")  # fmt: skip
    document = flags.document(str(files[file]), file)
    version = str(base.part(found, "metadata").get("resourceVersion", ""))
    patch = partial(client.patch, core.patch_namespaced_config_map, *place)
    return Found(flags.flag_in(flags.flags_in(document), name), patch, file, document, version)


runner = Flagd()
