"""Below /api/v1/."""

from rest_framework.routers import SimpleRouter

from apps.remote_sessions.api.views import RemoteSessionViewSet

router = SimpleRouter()
router.register("remote-sessions", RemoteSessionViewSet, basename="api-remote-session")
urlpatterns = router.urls
