"""The pages and the API of the shop."""

from pathlib import Path

from django.conf import settings
from django.db import connection
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.utils.html import escape

from shop.models import Product, User

PAGE = "<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><p>{count} products</p><ul>{rows}</ul>"
MOST = 100


def status(request):
    """Whether the shop can do its work; names no release."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:  # whatever the driver raises, the shop is closed
        return JsonResponse({"state": "closed", "reason": str(error).splitlines()[0]}, status=503)
    return JsonResponse({"state": "open"})


def front(request):
    """The page that customers see."""
    rows = "".join(f"<li>{escape(one.title)}: {one.price}</li>" for one in Product.objects.order_by("id")[:20])
    return HttpResponse(PAGE.format(title=escape(settings.TITLE), count=Product.objects.count(), rows=rows))


def products(request):
    """Products: how many there are, and the first ones."""
    return _listed(Product.objects.order_by("id").values("id", "title"), request)


def users(request):
    """How many customers there are; who they are is not public."""
    return _listed(User.objects.order_by("id").values("id"), request)


def picture(request, name):
    """A file that a user uploaded."""
    path = Path(settings.UPLOADS) / name
    if "/" in name or name.startswith(".") or not path.is_file():
        raise Http404(name)
    return FileResponse(path.open("rb"))


def _listed(found, request):
    try:
        most = min(int(request.GET.get("limit", "20")), MOST)
    except ValueError:
        return JsonResponse({"error": "limit is a number"}, status=400)
    return JsonResponse({"count": found.count(), "results": list(found[:most])})
