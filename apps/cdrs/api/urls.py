"""Below /api/v1/."""

from rest_framework.routers import SimpleRouter

from apps.cdrs.api.views import CdrViewSet, SessionViewSet

router = SimpleRouter()
router.register("cdrs", CdrViewSet, basename="api-cdr")
router.register("sessions", SessionViewSet, basename="api-session")
urlpatterns = router.urls
