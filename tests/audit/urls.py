"""A door for tests: renames a user, at an address with an id and a secret."""

from django.http import HttpResponse
from django.urls import path

from apps.accounts.models import User
from apps.audit.services import record
from evcharge.urls import urlpatterns as all_urls


def rename(request, user_id, token):
    user = User.objects.get(pk=user_id)
    user.name = request.POST["name"]
    record("renamed user", user)
    return HttpResponse("ok")


urlpatterns = [*all_urls, path("people/<uuid:user_id>/name/<str:token>/", rename)]
