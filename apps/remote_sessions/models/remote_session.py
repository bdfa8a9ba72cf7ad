"""A charge that a driver starts through us at somebody else's charger."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from apps.accounts.models import Account, Provider, Token
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.cdrs.models import CDR, ChargingSession
from apps.core.errors import NotFound
from apps.locations.models import Connector, Evse, Location, Operator
from apps.payments.models import Payment
from apps.remote_sessions.states import START_OPEN, Reason, State


class RemoteSessionNotFound(NotFound):
    """There is no such remote session, or not for the one who asks."""

    code = "REMOTE_SESSION_NOT_FOUND"


class RemoteSessionQuerySet(AuditedQuerySet):
    def of_provider(self, provider: Provider | None) -> "RemoteSessionQuerySet":
        """Those of one provider; all for staff (None)."""
        return self if provider is None else self.filter(provider=provider)

    def watched(self) -> "RemoteSessionQuerySet":
        """What the minute job looks at: all that may still change by themselves."""
        return self.exclude(state__in=[State.COMPLETED, State.CANCELLED])


class MatchedBy(models.TextChoices):
    """How a session or CDR was recognised as ours (DOMAIN: match by the surest first)."""

    NONE = "", "–"
    AUTHORIZATION_REFERENCE = "AUTHORIZATION_REFERENCE", "Authorization reference"
    SESSION_ID = "SESSION_ID", "Session id"
    CDR_ID = "CDR_ID", "CDR id"
    TOKEN_EVSE_TIME = "TOKEN_EVSE_TIME", "Token, EVSE and time"
    STAFF = "STAFF", "By staff"


class Confidence(models.TextChoices):
    """How sure a match is."""

    NONE = "", "–"
    CERTAIN = "CERTAIN", "Certain: our own reference"
    STRONG = "STRONG", "Strong: an id that we were given"
    LIKELY = "LIKELY", "Likely: the only one that fits"


class RemoteSession(AuditedModel):
    """A charge started by command, from the wish to the CDR. States: see states.py.

    Ids are kept on both sides: ours as we sent them, the operator's (or hub's) as given back.
    """

    class StopBy(models.TextChoices):
        NOBODY = "", "–"
        DRIVER = "DRIVER", "Driver"
        STAFF = "STAFF", "Staff"
        LIMIT = "LIMIT", "Limit of the blocked amount"
        LATE_START = "LATE_START", "Started after it was cancelled"

    class Settlement(models.TextChoices):
        NOT_DUE = "NOT_DUE", "Not due"
        WAITING = "WAITING", "Waiting"
        STUCK = "STUCK", "Waits for staff"
        DONE = "DONE", "Handed to the payment"
        CLOSED = "CLOSED", "Closed by staff, nothing captured"

    State = State
    Reason = Reason
    MatchedBy = MatchedBy
    Confidence = Confidence

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="remote_sessions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True,
        related_name="+", help_text="The person who asked, if it was one.",
    )  # fmt: skip
    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="remote_sessions")
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="+", verbose_name="EVSE")
    connector = models.ForeignKey(
        Connector, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    idempotency_key = models.CharField(max_length=100, blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    state_changed_at = models.DateTimeField()
    reason = models.CharField(max_length=30, choices=Reason, default=Reason.NONE, blank=True)
    message = models.TextField(blank=True, help_text="What went wrong, in words.")
    requested_at = models.DateTimeField()
    starting_at = models.DateTimeField(null=True, blank=True)
    active_at = models.DateTimeField(null=True, blank=True)
    stopping_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    error_at = models.DateTimeField(null=True, blank=True)

    authorization_reference = models.CharField(
        max_length=36, unique=True, help_text="Ours, sent with the start."
    )
    operator_authorization_reference = models.CharField(
        "operator's reference", max_length=64, blank=True,
        help_text="As given back, when a hub replaced ours.",
    )  # fmt: skip
    operator_session_id = models.CharField(
        "operator's session id", max_length=100, blank=True,
        help_text="The session's id as given back by the other side.",
    )  # fmt: skip
    transaction_id = models.CharField(max_length=100, blank=True)

    session = models.OneToOneField(
        ChargingSession, on_delete=models.PROTECT, null=True, blank=True,
        related_name="remote_session",
    )  # fmt: skip
    session_matched_by = models.CharField(max_length=25, choices=MatchedBy, blank=True)
    session_confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    cdr = models.OneToOneField(
        CDR, on_delete=models.PROTECT, null=True, blank=True, related_name="remote_session",
        verbose_name="CDR",
    )  # fmt: skip
    cdr_matched_by = models.CharField(
        "CDR matched by", max_length=25, choices=MatchedBy, blank=True
    )
    cdr_confidence = models.CharField(
        "CDR confidence", max_length=10, choices=Confidence, blank=True
    )
    credit_cdr = models.ForeignKey(
        CDR, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="credit CDR", help_text="With this one the operator took the CDR back.",
    )  # fmt: skip

    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="remote_session"
    )
    settlement = models.CharField(
        max_length=10, choices=Settlement, default=Settlement.NOT_DUE,
        help_text="Whether what the driver pays was handed to the payment.",
    )  # fmt: skip
    settlement_note = models.TextField(blank=True, help_text="What the capture waits for.")

    stop_requested_at = models.DateTimeField(
        null=True, blank=True, help_text="When a stop was last asked for."
    )
    stop_requested_by = models.CharField(max_length=12, choices=StopBy, blank=True)
    stop_is_pointless = models.BooleanField(
        default=False, help_text="The operator does not know the session: no more stops."
    )

    objects: ClassVar[Any] = RemoteSessionQuerySet.as_manager()

    audit_personal: ClassVar[tuple[str, ...]] = (
        "idempotency_key", "message", "settlement_note", "authorization_reference",
        "operator_authorization_reference",
    )  # fmt: skip

    class Meta:
        permissions = [
            ("start_remotesession", "Can start a charge"),
            ("stop_remotesession", "Can stop a charge or mark it as gone wrong"),
            ("attach_remotesession", "Can attach a CDR by hand"),
            ("settle_remotesession", "Can settle or close what waits for staff"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="remote_session_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="CANCELLED") | ~Q(reason=""),
                name="remote_session_cancelled_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="ERROR") | ~Q(message=""),
                name="remote_session_error_has_message",
            ),
            models.UniqueConstraint(
                fields=["provider", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="remote_session_key_once",
            ),
            models.UniqueConstraint(
                fields=["token", "evse"],
                condition=Q(state__in=list(START_OPEN)),
                name="remote_session_one_open_start",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=~Q(state__in=["COMPLETED", "CANCELLED"]),
                         name="remote_session_watched"),
            models.Index(fields=["id"], condition=Q(settlement="WAITING"),
                         name="remote_session_to_settle"),
            models.Index(fields=["id"], condition=Q(settlement="STUCK"),
                         name="remote_session_stuck"),
            models.Index(fields=["state", "-id"], name="remote_session_by_state"),
            models.Index(fields=["provider", "-id"], name="remote_session_of_provider"),
            models.Index(fields=["token", "requested_at"], name="remote_session_of_token"),
            models.Index(Upper("authorization_reference"), name="remote_session_by_reference"),
            models.Index(Upper("operator_authorization_reference"),
                         condition=~Q(operator_authorization_reference=""),
                         name="remote_session_by_their_ref"),
            models.Index(Upper("operator_session_id"), condition=~Q(operator_session_id=""),
                         name="remote_session_by_their_id"),
        ]  # fmt: skip

    def audit_label(self) -> str:
        """Without the driver's token."""
        return f"at {self.evse} ({self.requested_at:%Y-%m-%d %H:%M})"

    @property
    def takes_cdr(self) -> bool:
        """It waits for its CDR, or for one that corrects a CDR taken back before it was paid."""
        return self.cdr_id is None or self.takes_cdr_after(self.credit_cdr)

    def takes_cdr_after(self, credit: CDR | None) -> bool:
        """Whether this credit makes it wait for a CDR."""
        if self.cdr is None:
            return True
        is_open = self.settlement in {self.Settlement.NOT_DUE, *UNSETTLED}
        return is_open and credit is not None and credit.cancels(self.cdr)

    @property
    def is_taken_back(self) -> bool:
        """The operator's credit, not refused, is of the whole CDR; of a part it leaves a rest."""
        return bool(self.cdr and self.credit_cdr and self.credit_cdr.cancels(self.cdr))

    def __str__(self) -> str:
        return f"{self.token} at {self.evse} ({self.requested_at:%Y-%m-%d %H:%M})"


# What the driver pays is not decided yet; a CDR that comes or is reviewed may decide it.
UNSETTLED = frozenset({RemoteSession.Settlement.WAITING, RemoteSession.Settlement.STUCK})
