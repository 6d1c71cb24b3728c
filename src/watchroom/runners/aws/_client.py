"""Clients of AWS (boto3) that ask through :mod:`watchroom.kernel.http`, as everything else here does.

botocore makes and signs each request; its documented ``before-send`` event hands it to us instead of to its own HTTP
session, so that addresses are judged, time and size are limited, and no proxy or redirect is followed. The credentials are
only those that were entered: the machine's own (its files, its role) are never used. Nothing is tried again by the SDK.
"""

from __future__ import annotations

import io
from typing import Any

from ...kernel import http
from .. import base
from ..base import Field, RunFailed, Settings

FIELDS = (
    Field("region", "Region", "Such as eu-central-1.", required=True),
    Field("access_key_id", "Access key", "Of a user who may do only what is needed here.", required=True),
    Field("secret_access_key", "Secret access key", kind="password", required=True, secret=True),
    Field("role_arn", "Role to take on", "arn:aws:iam::123456789012:role/watchroom; may stay empty."),
    Field("external_id", "External id", "Only if the role asks for one."),
    Field("url", "Endpoint", "Only for a service of your own that speaks AWS's API.", "url"),
)
_READS = ("Describe", "List", "Get", "Head", "AssumeRole")
# What AWS says when nothing was done: the request itself was refused.
_SURE = range(400, 500)


def check(settings: dict[str, Any]) -> dict[str, Any]:
    """:raises Refused: naming field, value and fix."""
    cleaned = base.check(settings, FIELDS)
    base.must_match(cleaned, "region", r"[a-z]{2}(-[a-z]+)+-\d{1,2}", "Write it as AWS does: eu-central-1.")
    base.must_match(cleaned, "access_key_id", r"[A-Z0-9]{16,128}", "It is made of capital letters and digits.")
    base.must_match(cleaned, "role_arn", r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", "Write the whole ARN.")
    return dict(cleaned)


def describe(settings: Settings) -> str:
    """Region, and the role where there is one."""
    role = str(settings.get("role_arn", "")).rpartition("/")[2]
    return f"{settings.get('region', '')}{f', as {role}' if role else ''}"


def who(settings: Settings) -> str:
    """Whom AWS takes us for. :raises RunFailed: it does not know us."""
    found = call(client(settings, "sts"), "get_caller_identity")
    return f"It knows us as {found.get('Arn')}."


def client(settings: Settings, service: str) -> Any:
    """A client of ``service``, in the role that is to be taken on."""
    keys = {
        "aws_access_key_id": str(settings["access_key_id"]),
        "aws_secret_access_key": str(settings["secret_access_key"]),
    }
    if settings.get("role_arn"):
        asked = {"RoleArn": str(settings["role_arn"]), "RoleSessionName": "watchroom", "DurationSeconds": 900}
        if settings.get("external_id"):
            asked["ExternalId"] = str(settings["external_id"])
        found = call(_made(settings, "sts", keys), "assume_role", **asked)["Credentials"]
        keys = {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }
    return _made(settings, service, keys)


def _made(settings: Settings, service: str, keys: dict[str, str]) -> Any:
    import boto3  # only where it is used: it is large
    import botocore.session
    from botocore.config import Config

    core = botocore.session.Session()
    # No file and no variable of this machine has a say.
    core.set_config_variable("config_file", "/dev/null")
    core.set_config_variable("credentials_file", "/dev/null")
    session = boto3.session.Session(botocore_session=core, region_name=str(settings["region"]), **keys)
    made = session.client(
        service,
        endpoint_url=str(settings["url"]) if settings.get("url") else None,
        config=Config(retries={"total_max_attempts": 1}, ignore_configured_endpoint_urls=True, proxies={}),
    )
    made.meta.events.register("before-send", _send)
    return made


def _send(request: Any, **_: Any) -> Any:
    from botocore.awsrequest import AWSResponse

    body = request.body.read() if hasattr(request.body, "read") else request.body or b""
    headers = {
        name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()
    }
    headers.pop("Content-Length", None)  # set again
    answer = http.fetch(
        str(request.method), str(request.url), headers=headers, content=body.encode() if isinstance(body, str) else body,
        timeout_seconds=base.TIMEOUT_SECONDS, limit_bytes=base.LIMIT_BYTES,
    )  # fmt: skip
    return AWSResponse(request.url, answer.status, dict(answer.headers), _Raw(answer.body))


class _Raw(io.BytesIO):
    """What botocore reads a body from."""

    def stream(self, **_: Any) -> Any:
        while chunk := self.read(65_536):
            yield chunk


def call(made: Any, operation: str, **given: Any) -> dict[str, Any]:
    """One operation.

    :raises RunFailed: it was refused, or nobody knows whether it was done.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    reads = "".join(part.capitalize() for part in operation.split("_")).startswith(_READS)
    try:
        found: dict[str, Any] = getattr(made, operation)(**given)
        return found
    except ClientError as error:
        said, code = (
            error.response.get("Error", {}),
            error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
        )
        text = " ".join(str(said.get("Message") or said.get("Code") or "").split())[:300]
        raise RunFailed(f"AWS answered {said.get('Code')}: {text}".rstrip(": "), sure=reads or code in _SURE) from None
    except http.OutgoingFailed as error:
        raise RunFailed(error.message, fix="Check the region and the endpoint.", sure=reads) from None
    except BotoCoreError as error:
        raise RunFailed(f"AWS could not be asked: {str(error)[:300]}", sure=reads) from None
