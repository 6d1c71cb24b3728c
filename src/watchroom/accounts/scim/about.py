"""What is told of what is supported here (RFC 7643, 5 to 8)."""

from __future__ import annotations

from typing import Any

from .patching import Resource
from .resources import CORE, GROUP, USER

_NO = {"supported": False}


def config(base: str) -> Resource:
    """``/ServiceProviderConfig``."""
    return {
        "schemas": [f"{CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 200},
        "changePassword": _NO,
        "sort": _NO,
        "etag": _NO,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "API token",
                "description": "A token of an administrator with the scope admin, made under their profile.",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def resource_types(base: str) -> list[Resource]:
    """``/ResourceTypes``."""
    return [
        {
            "schemas": [f"{CORE}:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "schema": schema,
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, schema in (("User", USER), ("Group", GROUP))
    ]


def _attribute(name: str, kind: str = "string", **more: Any) -> Resource:
    usual = {
        "name": name, "type": kind, "multiValued": False, "required": False, "caseExact": False, "mutability": "readWrite",
        "returned": "default", "uniqueness": "none",
    }  # fmt: skip
    return usual | more


def schemas(base: str) -> list[Resource]:
    """``/Schemas``: what is kept of people and groups. What else is said is passed over."""
    value, display = _attribute("value"), _attribute("display", mutability="readOnly")
    user = [
        _attribute("userName", required=True, uniqueness="server"),
        _attribute("displayName"),
        _attribute(
            "name",
            "complex",
            subAttributes=[_attribute("formatted"), _attribute("givenName"), _attribute("familyName")],
        ),
        _attribute(
            "emails",
            "complex",
            multiValued=True,
            subAttributes=[value, _attribute("type"), _attribute("primary", "boolean")],
        ),
        _attribute("active", "boolean"),
        _attribute("timezone"),
        _attribute("groups", "complex", multiValued=True, mutability="readOnly", subAttributes=[value, display]),
    ]
    group = [
        _attribute("displayName", required=True, uniqueness="server"),
        _attribute("members", "complex", multiValued=True, subAttributes=[value, display]),
    ]
    return [
        {
            "schemas": [f"{CORE}:Schema"],
            "id": schema,
            "name": name,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{schema}"},
        }
        for name, schema, attributes in (("User", USER, user), ("Group", GROUP, group))
    ]
