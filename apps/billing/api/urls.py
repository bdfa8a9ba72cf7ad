"""Below /api/v1/."""

from rest_framework.routers import SimpleRouter

from apps.billing.api.views import InvoiceViewSet

router = SimpleRouter()
router.register("invoices", InvoiceViewSet, basename="api-invoice")
urlpatterns = router.urls
