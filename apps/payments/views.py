"""Webhooks of payment service providers."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.audit.context import Actor, acting
from apps.core.errors import DomainError
from apps.payments.services.messages import receive_message
from apps.payments.stripe_psp import read_webhook


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> JsonResponse:
    """Stripe tells what happened to a payment intent; the signature is its only credential."""
    signature = request.headers.get("Stripe-Signature", "")
    try:
        message = read_webhook(body=request.body, signature=signature)
        with acting(Actor.job("Stripe")):
            kept = receive_message(message=message, now=timezone.now())
    except DomainError as error:
        return JsonResponse({"code": error.code, "detail": error.message}, status=error.http_status)
    return JsonResponse({"state": kept.state})
