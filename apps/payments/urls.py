"""The doors of payment service providers."""

from django.urls import path

from apps.payments.views import stripe_webhook

urlpatterns = [path("webhooks/stripe/", stripe_webhook, name="stripe-webhook")]
