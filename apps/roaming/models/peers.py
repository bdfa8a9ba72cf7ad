"""With whom we exchange messages: our own parties, the peers, their tokens and their health."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Upper

from apps.accounts.models import Provider, country_code
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.core.models import BaseModel
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Endpoint, Role, Version
from apps.roaming.profiles import GIREVE, GIREVE_TEST, STANDARD, Profile, profile_of


class Party(AuditedModel):
    """A party that we are in OCPI: as such we present ourselves, and own the tokens."""

    country_code = models.CharField(max_length=2, validators=[country_code])
    party_id = models.CharField(
        max_length=3, validators=[RegexValidator(r"^[A-Z0-9]{3}$", "Three letters or digits.")]
    )
    role = models.CharField(
        max_length=5, choices=[("EMSP", "eMSP"), ("CPO", "CPO")], default=Role.EMSP.value
    )
    name = models.CharField(max_length=100)
    website = models.URLField(blank=True)
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="ocpi_parties",
        help_text="Whose tokens it owns; empty: those of all providers that have no own party.",
    )  # fmt: skip

    class Meta:
        verbose_name = "own party"
        verbose_name_plural = "own parties"
        constraints = [
            models.UniqueConstraint(
                Upper("country_code"), Upper("party_id"), "role", name="own_party_once"
            ),
            models.UniqueConstraint(
                fields=["provider"], condition=models.Q(role="EMSP"),
                name="own_party_one_emsp_per_provider",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} {self.name}"

    @property
    def ref(self) -> PartyRef:
        return PartyRef.of(self.country_code, self.party_id)


class PeerQuerySet(AuditedQuerySet):
    def registered(self) -> "PeerQuerySet":
        """Those with whom messages are exchanged now."""
        return self.filter(state=Peer.State.REGISTERED)


class Peer(AuditedModel):
    """A platform that we are connected with: one operator, several, or a hub.

    NEW           known, no token exchanged
    INVITED       has a registration token of ours; we wait for its credentials
    REGISTERED    both sides have their tokens
    SUSPENDED     stopped by staff: its requests are refused, nothing is sent
    UNREGISTERED  either side ended the connection
    """

    class State(models.TextChoices):
        NEW = "NEW", "New"
        INVITED = "INVITED", "Invited"
        REGISTERED = "REGISTERED", "Registered"
        SUSPENDED = "SUSPENDED", "Suspended"
        UNREGISTERED = "UNREGISTERED", "Unregistered"

    class ProfileName(models.TextChoices):
        STANDARD = STANDARD, "As the specification"
        GIREVE = GIREVE, "Gireve (FR*007)"
        GIREVE_TEST = GIREVE_TEST, "Gireve preproduction (FR*107)"

    class TokenEncoding(models.TextChoices):
        BY_VERSION = "BY_VERSION", "As its version says (2.1.1 plain, later base64)"
        BASE64 = "BASE64", "Base64"
        PLAIN = "PLAIN", "Plain"

    class Whitelist(models.TextChoices):
        ALWAYS = "ALWAYS", "Always: never ask us"
        ALLOWED = "ALLOWED", "Allowed: may ask us"
        ALLOWED_OFFLINE = "ALLOWED_OFFLINE", "Ask us, allowed when we don't answer"
        NEVER = "NEVER", "Never: always ask us"

    name = models.CharField(max_length=100, unique=True)
    profile = models.CharField(max_length=12, choices=ProfileName, default=STANDARD)
    party = models.ForeignKey(
        Party, on_delete=models.PROTECT, related_name="peers", verbose_name="we are",
        help_text="As whom we speak to it; 2.1.1 can present only this one.",
    )  # fmt: skip
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    version = models.CharField(
        "OCPI version", max_length=10, blank=True, choices=[(v.value, v.value) for v in Version]
    )
    versions_url = models.URLField("versions URL", max_length=500, blank=True)
    allowed_origins = models.JSONField(
        default=list, blank=True,
        help_text='Further addresses we may call, for example ["https://api.example.com"]; '
        "the one of its versions URL is always allowed.",
    )  # fmt: skip
    our_url = models.URLField(
        "our address", max_length=500, blank=True, help_text="Of /ocpi, as the peer reaches us."
    )
    roles = models.JSONField(default=list, blank=True, help_text="Its parties, as it said.")
    hub_party = models.CharField(max_length=6, blank=True, help_text="FR*007; only of hubs.")
    endpoints = models.JSONField(default=list, blank=True)
    outgoing_token = models.TextField(blank=True, editable=False)

    token_encoding = models.CharField(
        max_length=10, choices=TokenEncoding, default=TokenEncoding.BY_VERSION
    )
    requires_routing_headers = models.BooleanField(
        default=False, help_text="Refuse its messages when OCPI-to and OCPI-from are missing."
    )
    page_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text="Objects to ask for per page; empty: as its profile says.",
    )  # fmt: skip
    patches_sessions = models.BooleanField(
        default=True, help_text="Off: its PATCH of a session is refused, it has to PUT."
    )
    sends_credit_cdrs = models.BooleanField(
        "sends credit CDRs", default=True, help_text="Off: its credit CDRs are refused."
    )
    whitelist = models.CharField(
        max_length=15, choices=Whitelist, default=Whitelist.ALLOWED,
        help_text="What our tokens say about asking us before charging.",
    )  # fmt: skip
    requests_per_minute = models.PositiveIntegerField(
        default=30_000, validators=[MinValueValidator(1)]
    )

    objects: ClassVar[Any] = PeerQuerySet.as_manager()

    audit_secret: ClassVar[tuple[str, ...]] = ("outgoing_token",)

    class Meta:
        permissions = [("operate_peer", "Can register, test, suspend peers and repeat messages")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="REGISTERED")
                | (~models.Q(version="") & ~models.Q(outgoing_token="")),
                name="peer_registered_has_version_and_token",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ocpi_version(self) -> Version:
        return Version(self.version or Version.V2_2_1)

    @property
    def behaviour(self) -> Profile:
        """What its profile says for its version."""
        return profile_of(self.profile, self.version)

    @property
    def hub(self) -> PartyRef | None:
        """The hub's party when it is one."""
        if self.hub_party:
            return PartyRef.of(*self.hub_party.split("*", 1))
        return self.behaviour.hub

    def parties(self, *roles: str) -> list[PartyRef]:
        """Its parties in these roles, in all when none is given."""
        return [
            PartyRef.of(role["country_code"], role["party_id"])
            for role in self.roles
            if not roles or role["role"] in roles
        ]

    def owns(self, party: PartyRef) -> bool:
        """May it speak for this party? A hub may for everybody who can be a party."""
        return party in self.parties() or (self.hub is not None and party.can_be)

    def endpoint(self, identifier: str, role: str) -> str | None:
        """The URL of a module, without a slash at its end; None when it has none."""
        for entry in self.endpoints:
            known = Endpoint(**entry)
            if known.identifier == identifier and known.role == role:
                return known.url.rstrip("/")
        return None


class PeerToken(AuditedModel):
    """A token that we gave to a peer; the token itself is never stored."""

    class Kind(models.TextChoices):
        REGISTRATION = "REGISTRATION", "For registration, once"
        ACCESS = "ACCESS", "For all requests"

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="tokens")
    kind = models.CharField(max_length=12, choices=Kind)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    issued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Used up or revoked.")

    audit_secret: ClassVar[tuple[str, ...]] = ("token_hash",)

    class Meta:
        verbose_name = "token given to a peer"
        verbose_name_plural = "tokens given to peers"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.peer}"


class PeerHealth(BaseModel):
    """How it goes with a peer: bookkeeping of each exchange, no business record."""

    peer = models.OneToOneField(Peer, on_delete=models.PROTECT, related_name="health")
    last_heard_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField("failures in a row", default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "peer health"

    def __str__(self) -> str:
        return f"health of {self.peer}"
