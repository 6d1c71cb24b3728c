"""Where chat products send what people press and write. Each product checks that it is really the product."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ..kernel import clock
from ..kernel.errors import NotFound
from ..workspaces.models import Workspace
from ..workspaces.queries import access_to, product_of
from .answering import respond


@csrf_exempt  # signed by the product, or with the secret that only it was given
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """``/chat/<workspace>``. Nothing is asked of the network before the answer, which has to come within three seconds."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise NotFound("There is no such chat workspace.")
    product, access = product_of(workspace), access_to(workspace)
    headers = {name.lower(): value for name, value in request.headers.items()}
    said = None
    for heard in product.read(access, headers, request.body, clock.now()):
        if heard.kind == "button" and heard.key == "open":
            continue
        what = respond(workspace, heard)
        said = product.answer(access, heard, what.text, ok=what.ok)
    return JsonResponse(said) if said is not None else HttpResponse(status=200)
