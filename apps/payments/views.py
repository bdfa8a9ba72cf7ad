"""Webhooks of payment service providers."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.context import Actor, acting
from apps.payments.services.messages import receive_message
from apps.payments.stripe_psp import read_webhook


@extend_schema(exclude=True)
@api_view(["POST"])
@authentication_classes([])
@permission_classes([AllowAny])
@throttle_classes([])
def stripe_webhook(request: Request) -> Response:
    """Stripe tells what happened to a payment intent; the signature is its only credential."""
    signature = request.headers.get("Stripe-Signature", "")
    message = read_webhook(body=request.body, signature=signature)
    with acting(Actor.job("Stripe")):
        kept = receive_message(message=message, now=timezone.now())
    return Response({"state": kept.state})
