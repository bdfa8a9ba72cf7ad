"""Public pages: the front door, the stations as a list and as a map, and providers' logos."""

from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import Provider
from apps.core.page_policy import with_tiles
from apps.portal.stations import DEFAULT_LANGUAGE, points, search_locations, show_stations

PER_PAGE = 50
LONGEST_PHRASE = 100


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where to go from here: drivers, staff, partners."""
    return render(request, "portal/home.html")


@with_tiles
@require_safe
def stations(request: HttpRequest) -> HttpResponse:
    """The stations with prices and notes; a list that works without JavaScript."""
    phrase = _phrase(request)
    page = Paginator(search_locations(phrase), PER_PAGE).get_page(request.GET.get("page"))
    language = _language(request)
    context: dict[str, Any] = {
        "phrase": phrase,
        "page": page,
        "stations": show_stations(list(page), now=timezone.now(), language=language),
        "tile_url": settings.STATIONS_TILE_URL,
        "tile_credit": settings.STATIONS_TILE_CREDIT,
    }
    return render(request, "portal/stations.html", context)


@require_safe
def station_points(request: HttpRequest) -> JsonResponse:
    """The same stations for the map."""
    return JsonResponse({"points": points(search_locations(_phrase(request)))})


@require_safe
def logo(request: HttpRequest, name: str) -> FileResponse:
    """A provider's logo, at the address that the storage gives it."""
    path = f"logos/{name}"
    if not Provider.objects.filter(logo=path).exists() or not default_storage.exists(path):
        raise Http404
    return FileResponse(default_storage.open(path))


def _phrase(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_PHRASE]


def _language(request: HttpRequest) -> str:
    """The first language the browser asks for, as two letters."""
    asked = request.headers.get("Accept-Language", "").strip()[:2].lower()
    return asked if len(asked) == 2 and asked.isalpha() else DEFAULT_LANGUAGE
