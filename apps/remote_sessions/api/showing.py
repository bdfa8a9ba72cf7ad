"""Remote sessions as partners and apps see them."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.payments.models import Payment
from apps.remote_sessions.models import RemoteSession, TimelineEntry
from apps.remote_sessions.services.running_charges import RunningTotal, running_total_of


class PaymentOutput(serializers.ModelSerializer[Payment]):
    """Amounts in the currency's unit, as text; `due_amount` is what the driver pays incl. VAT."""

    class Meta:
        model = Payment
        fields = [
            "id", "state", "currency", "authorized_amount", "due_amount", "captured_amount",
            "refunded_amount", "owed_amount", "failure_message",
        ]  # fmt: skip


class TimelineOutput(serializers.ModelSerializer[TimelineEntry]):
    class Meta:
        model = TimelineEntry
        fields = ["at", "kind", "text"]


class RunningTotalOutput(serializers.Serializer[RunningTotal]):
    """Incl. VAT, as text."""

    amount = serializers.CharField()
    currency = serializers.CharField()


class RemoteSessionOutput(serializers.ModelSerializer[RemoteSession]):
    """`kwh` grows while the charge runs; `cdr` is there when its bill came."""

    contract_id = serializers.CharField(source="token.contract_id")
    evse_id = serializers.CharField(source="evse.evse_id")
    location_id = serializers.CharField(source="location.location_id")
    operator = serializers.CharField(source="operator.party")
    connector_id = serializers.CharField(
        source="connector.connector_id", allow_null=True, default=None
    )
    kwh = serializers.SerializerMethodField()
    session_id = serializers.CharField(source="operator_session_id")
    cdr_id = serializers.CharField(source="cdr.cdr_id", allow_null=True, default=None)
    payment = PaymentOutput(allow_null=True)

    class Meta:
        model = RemoteSession
        fields = [
            "id", "state", "reason", "message", "contract_id", "operator", "location_id",
            "evse_id", "connector_id", "kwh", "session_id", "cdr", "cdr_id", "payment",
            "settlement_note", "requested_at", "starting_at", "active_at", "stopping_at",
            "completed_at", "cancelled_at", "error_at", "stop_requested_by",
        ]  # fmt: skip

    def get_kwh(self, remote_session: RemoteSession) -> str | None:
        charge = remote_session.cdr or remote_session.session
        return f"{charge.kwh.normalize():f}" if charge else None


class RemoteSessionDetail(RemoteSessionOutput):
    """With its story, oldest first; `running_total` is what it has come to while it charges."""

    timeline = serializers.SerializerMethodField()
    running_total = serializers.SerializerMethodField()

    class Meta(RemoteSessionOutput.Meta):
        fields = [*RemoteSessionOutput.Meta.fields, "running_total", "timeline"]

    @extend_schema_field(RunningTotalOutput(allow_null=True))
    def get_running_total(self, remote_session: RemoteSession) -> dict[str, str] | None:
        total = running_total_of(remote_session, now=timezone.now())
        return RunningTotalOutput(total).data if total else None

    def get_timeline(self, remote_session: RemoteSession) -> list[dict[str, Any]]:
        lines = remote_session.timeline.order_by("at", "id")
        return list(TimelineOutput(lines, many=True).data)
