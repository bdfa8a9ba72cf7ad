"""Providers' logos at the address that staff pages and mails show them at."""

import pytest
from django.core.files.base import ContentFile

from apps.demo.logos import draw_logo
from tests.accounts.factories import ProviderFactory

pytestmark = pytest.mark.django_db


def test_a_providers_logo_is_public_and_nothing_else_of_the_folder(
    client, settings, tmp_path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    image = draw_logo(name="Ampere", colour="#047857")
    provider = ProviderFactory()
    provider.logo.save("ampere.png", ContentFile(image))
    answer = client.get(provider.logo.url)
    assert answer.headers["Content-Type"] == "image/png"
    assert b"".join(answer.streaming_content) == image
    (tmp_path / "logos" / "other.png").write_bytes(image)
    for name in ("other.png", "..%2F..%2Fmanage.py", "none.png"):
        assert client.get(f"/media/logos/{name}").status_code == 404


def test_a_logo_whose_file_is_gone_is_404(client, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    provider = ProviderFactory()
    provider.logo.save("ampere.png", ContentFile(draw_logo(name="A", colour="#000000")))
    provider.logo.storage.delete(provider.logo.name)
    assert client.get(provider.logo.url).status_code == 404
