"""What a page may load and run: Content-Security-Policy for each kind of page; Permissions-Policy.

The base policy, for all that is not named here, is in the settings.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

Answer = Callable[[HttpRequest], HttpResponseBase]

# Alpine, which unfold is built on, evaluates the expressions of its templates, and unfold writes
# the theme's colours into a style element. Inline scripts and handlers stay forbidden.
STAFF_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


def staff_pages(get_response: Answer) -> Answer:
    """Middleware: below the staff admin, its policy."""
    relaxed: Answer = csp_replace(STAFF_POLICY)(get_response)
    admin = reverse("admin:index")

    def answer(request: HttpRequest) -> HttpResponseBase:
        is_staff_page = request.path_info.startswith(admin)
        return relaxed(request) if is_staff_page else get_response(request)

    return answer


def permissions(get_response: Answer) -> Answer:
    """Middleware: what no page of ours asks of a browser, no script in it gets either."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response

    return answer


def with_tiles(view: Answer) -> Answer:
    """A page whose map loads its tiles from the server of STATIONS_TILE_URL."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        tiles = urlsplit(settings.STATIONS_TILE_URL)
        if not tiles.netloc:
            return view(request)
        allowed: Answer = csp_update({"img-src": [f"{tiles.scheme}://{tiles.netloc}"]})(view)
        return allowed(request)

    return answer
