"""What is asked of an Alertmanager through its API v2: by `amtool`, Grafana, karma, or a script.

An integration's key shows that integration's own alerts, and the silences of its team and of everybody; through it only
its team's silences can be made or changed. Refusals are JSON texts, as Alertmanager's clients read them.
https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from ....kernel.errors import NotFound, WatchroomError
from ...models import Integration
from . import alerts, silences, status


def answer(request: HttpRequest, integration: Integration, path: str) -> HttpResponse:
    """Answer one question."""
    try:
        match path.removeprefix("/api/v2/").split("/"):
            case ["alerts"]:
                return _json(alerts.listed(integration, request.GET))
            case ["alerts", "groups"]:
                return _json(alerts.grouped(integration, request.GET))
            case ["status"]:
                return _json(status.of(integration))
            case ["receivers"]:
                return _json(status.receivers())
            case ["silences"] if request.method == "POST":
                return _json(silences.save(integration, request.body))
            case ["silences"]:
                return _json(silences.listed(integration, request.GET))
            case ["silence", number] if request.method == "DELETE":
                silences.expire(integration, number)
                return HttpResponse()
            case ["silence", number]:
                return _json(silences.one(integration, number))
        raise NotFound(f"There is nothing at {path[:100]!r}.", fix="See Alertmanager's API v2.")
    except silences.Malformed as malformed:
        return JsonResponse({"code": 602, "message": str(malformed)}, status=422)
    except WatchroomError as error:
        # Alertmanager has no other refusals of a request that it can read.
        code = error.status if error.status in (403, 404) else 400
        return JsonResponse(f"{error.message} {error.fix}".strip(), status=code, safe=False)


def _json(said: object) -> HttpResponse:
    return JsonResponse(said, safe=False)
