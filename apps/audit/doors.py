"""What the trail keeps of a request: enough to find it again, without secrets."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.http import HttpRequest
from django.urls import ResolverMatch

HIDDEN = "•••"
# What people search for may be somebody's name; the address of a list stands in "filters".
_SECRET = re.compile(
    r"token|secret|password|passwd|key|code|signature|otp|auth|session"
    r"|^q$|search|filters|mail|name|contract|uid",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


def url_of(request: HttpRequest, match: ResolverMatch | None) -> str:
    """The address without what may be a secret in its path or its query."""
    query = urlencode(
        [
            (name, HIDDEN if _SECRET.search(name) else value)
            for name, value in parse_qsl(request.META.get("QUERY_STRING", ""), True)
        ],
        quote_via=_quote,
    )
    address = f"{request.scheme}://{request.get_host()}{_path_of(request, match)}"
    return f"{address}?{query}" if query else address


def _quote(text: Any, *args: Any) -> str:
    return HIDDEN if text == HIDDEN else quote_plus(text)


def _path_of(request: HttpRequest, match: ResolverMatch | None) -> str:
    path = request.path
    for name, value in (match.kwargs if match else {}).items():
        if _SECRET.search(name) and value:
            path = path.replace(str(value), HIDDEN)
    return path


def normalized_path(match: ResolverMatch) -> str:
    """The path with names for its ids: /admin/cdrs/cdr/{object_id}/change/."""
    route = match.route
    if any(sign in route for sign in "^$(\\"):
        route = simplify_regex(route)
    return "/" + _PARAMETER.sub(r"{\1}", route).lstrip("/")


def route_prefix(path: str) -> str:
    """The part of a normalized path before its first id: /admin/cdrs/cdr/."""
    return path.split("{", 1)[0]


def source_address(request: HttpRequest) -> str:
    """Who asked: the last address in front of the proxies that we trust (TRUSTED_PROXIES)."""
    address = request.META.get("REMOTE_ADDR", "")
    if not _is_trusted(address):
        return address
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        hop = hop.strip()
        try:
            ip_address(hop)
        except ValueError:
            break
        address = hop
        if not _is_trusted(hop):
            break
    return address


def _is_trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _networks())


def _networks() -> list[IPv4Network | IPv6Network]:
    return [ip_network(text, strict=False) for text in settings.TRUSTED_PROXIES]
