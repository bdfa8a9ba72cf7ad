"""The headers that bound what a page may do in a browser."""

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


def policy(response) -> dict[str, set[str]]:
    """Directive -> its sources."""
    header = response.headers["Content-Security-Policy"]
    return {name: set(sources) for name, *sources in map(str.split, header.split(";"))}


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "x" * 16))
    return client


@pytest.mark.parametrize("address", ["/stations/", "/api/docs/", "/api/docs/errors", "/healthz"])
def test_our_own_pages_run_only_what_we_serve(client: Client, address: str) -> None:
    said = policy(client.get(address))
    assert said["default-src"] == {"'none'"}
    assert said["script-src"] == said["style-src"] == {"'self'"}
    assert said["frame-ancestors"] == said["base-uri"] == {"'none'"}
    assert said["form-action"] == {"'self'"}


@pytest.mark.parametrize("address", ["/stations/", "/api/docs/", "/api/docs/errors"])
def test_no_page_of_ours_has_inline_scripts_or_styles(client: Client, address: str) -> None:
    text = client.get(address).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)


def test_staff_pages_may_evaluate_but_run_no_inline_script(staff: Client) -> None:
    for address in ("/admin/", "/admin/cdrs/cdr/", "/admin/vat-report/"):
        said = policy(staff.get(address))
        assert said["script-src"] == {"'self'", "'unsafe-eval'"}
        assert said["style-src"] == {"'self'", "'unsafe-inline'"}
        assert said["default-src"] == said["frame-ancestors"] == {"'none'"}


@pytest.mark.parametrize("address", ["/admin/login/", "/stations/", "/ocpi/versions", "/nowhere"])
def test_every_answer_has_the_other_headers(client: Client, address: str) -> None:
    headers = client.get(address).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_https_is_remembered_by_browsers(client: Client, settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert client.get("/stations/", secure=True).headers["Strict-Transport-Security"] == (
        "max-age=31536000"
    )
    assert "Strict-Transport-Security" not in client.get("/stations/").headers


def test_only_the_map_may_load_tiles_and_only_of_the_server_that_is_set(
    client: Client, settings
) -> None:
    assert policy(client.get("/stations/"))["img-src"] == {"'self'", "data:"}
    settings.STATIONS_TILE_URL = "https://tiles.example.com:8443/{z}/{x}/{y}.png?key=1"
    allowed = policy(client.get("/stations/"))["img-src"]
    assert allowed == {"'self'", "data:", "https://tiles.example.com:8443"}
    assert policy(client.get("/api/docs/"))["img-src"] == {"'self'", "data:"}


def page_with_nonce(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f'<style nonce="{request.csp_nonce}"></style>')


urlpatterns = [path("page", page_with_nonce)]


def test_a_page_that_needs_one_gets_a_nonce_of_its_own(client: Client, settings) -> None:
    client.get("/stations/")
    settings.ROOT_URLCONF = __name__
    pages = [client.get("/page") for _ in range(2)]
    nonces = [re.findall(r'nonce="([^"]+)"', page.content.decode())[0] for page in pages]
    assert nonces[0] != nonces[1]
    assert f"'nonce-{nonces[0]}'" in policy(pages[0])["style-src"]
