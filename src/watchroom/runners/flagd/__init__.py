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

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from ...kernel import http
from ...kernel.errors import Refused
from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_NAME = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_FILE = r"[-._A-Za-z0-9]{1,253}"
_PATHS = {
    "featureflag": "/apis/core.openfeature.dev/v1beta1/namespaces/{}/featureflags/{}",
    "configmap": "/api/v1/namespaces/{}/configmaps/{}",
}
_STATES = {"disable": "DISABLED", "enable": "ENABLED"}
_MERGE = "application/merge-patch+json"


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
    fields = (
        Field("url", "API server", "Such as https://10.0.0.1:6443.", "url", True),
        Field("token", "Service account's token", "With get and patch on the flags.", "password", True, True),
        Field("ca", "Certificate authority (PEM)", "Of the cluster; without it the usual ones count.", "lines"),
        Field("namespaces", "Namespaces", "With commas. Only these may be touched; empty: what the token may."),
    )
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
        cleaned = base.check(settings, self.fields)
        if cleaned.get("ca"):
            try:
                ssl.create_default_context(cadata=cleaned["ca"])
            except (ssl.SSLError, ValueError):
                raise Refused(
                    "That is not a certificate.",
                    field="ca",
                    value=cleaned["ca"][:40],
                    fix="Paste the PEM text, from BEGIN CERTIFICATE to END CERTIFICATE.",
                ) from None
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        for name in ("namespace", "name"):
            base.must_match(cleaned, name, _NAME, "Use lower-case letters, digits and dashes, as the cluster does.")
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
        found = base.read(_call(settings, "GET", "/version"))
        return f"It is Kubernetes {found.get('gitVersion', 'of an unknown version')}."

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs, name = order.inputs, order.inputs["flag"]
        allowed = {each.strip() for each in str(settings.get("namespaces", "")).split(",") if each.strip()}
        if allowed and inputs["namespace"] not in allowed:
            raise RunFailed(f"This runner may not touch the namespace {inputs['namespace']}.", fix="See its settings.")
        path = _PATHS[inputs["kind"]].format(quote(inputs["namespace"], safe=""), quote(inputs["name"], safe=""))
        found = _find(base.read(_call(settings, "GET", path)), inputs)
        wanted = _wanted(found.flag, inputs)
        was = f"It is {_said(found.flag)} now"
        if all(found.flag.get(field) == value for field, value in wanted.items()):
            return Progress("succeeded", f"{was}: nothing is to be done.")
        before, after = _said(found.flag), _said({**found.flag, **wanted})
        rules = " Its targeting rules go before the default variant." if inputs["do"] == "variant" and found.flag.get("targeting") else ""  # fmt: skip
        query = "?dryRun=All" if order.dry_run else ""
        _call(settings, "PATCH", path + query, found.patch(name, wanted), changes=not order.dry_run)
        if order.dry_run:
            return Progress("succeeded", f"{was}, and would be {after}; the cluster would accept it.{rules}")
        return Progress("succeeded", f"{name} was {before} and is {after}; flagd takes it up by itself.{rules}")

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


def _wanted(flag: dict[str, Any], inputs: Inputs) -> dict[str, str]:
    if inputs["do"] != "variant":
        return {"state": _STATES[inputs["do"]]}
    variants = _map(flag, "variants")
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
        flags = _map(_map(_map(resource, "spec"), "flagSpec"), "flags")
        return Found(_flag(flags, name))
    files = _map(resource, "data")
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
    flags = _map(document, "flags")
    if isinstance(listed, list):  # the newer form: each with its key
        flags = {str(each.get("key")): each for each in listed if isinstance(each, dict)}
    version = str(_map(resource, "metadata").get("resourceVersion", ""))
    return Found(_flag(flags, name), file, document, version)


def _flag(flags: dict[str, Any], name: str) -> dict[str, Any]:
    found = flags.get(name)
    if not isinstance(found, dict):
        raise RunFailed(f"There is no flag {name} there.", fix=f"It has {_names(flags)}.")
    return found


def _names(found: Mapping[str, Any]) -> str:
    names = sorted(map(str, found))
    return (", ".join(names[:20]) + (", …" if len(names) > 20 else "")) or "none"


def _map(found: Any, name: str) -> dict[str, Any]:
    inner = found.get(name) if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}


def _call(settings: Settings, method: str, path: str, body: Any = None, *, changes: bool = False) -> http.Answer:
    return base.call(
        method,
        f"{settings['url']}{path}",
        headers={"Authorization": f"Bearer {settings['token']}"},
        body=body,
        content_type=_MERGE if body is not None else "application/json",
        ca=str(settings.get("ca", "")),
        changes=changes,
    )


runner = Flagd()
