"""Public pages."""

from django.urls import path

from apps.portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("stations/", views.stations, name="stations"),
    path("stations/points.json", views.station_points, name="station-points"),
    path("media/logos/<str:name>", views.logo, name="logo"),
]
