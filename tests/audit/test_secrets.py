"""Secrets and credentials are in no entry and in no version, of whatever model."""

import re

import pytest
from django.apps import apps

from apps.accounts.services.credentials import issue_credential
from apps.audit.diff import MASK
from apps.audit.models import AuditedModel, Entry
from apps.roaming.models import Peer, PeerToken
from apps.roaming.secrets import encrypt_token, hash_token
from apps.webhooks.models import Subscription
from apps.webhooks.services import save_subscription
from tests.accounts.factories import ProviderFactory, UserFactory
from tests.audit.database_dump import cells
from tests.roaming.factories import PeerFactory

SECRET = re.compile(r"secret|passw|token|(^|_)key|hash|credential|(^|_)(pin|otp)(_|$)")
# Named like one, but none: ids, digests of contents, a choice.
HARMLESS = {
    "cdrs.cdr.token_uid", "cdrs.chargingsession.token_uid", "cdrs.cdr.content_hash",
    "cdrs.cdrconflict.content_hash", "tariffs.tariffversion.content_hash",
    "remote_sessions.remotesession.idempotency_key", "roaming.peer.token_encoding",
}  # fmt: skip


def audited_models():
    return [model for model in apps.get_models() if issubclass(model, AuditedModel)]


def named_like_secrets():
    return {
        f"{model._meta.label_lower}.{field.name}"
        for model in audited_models()
        for field in model._meta.concrete_fields
        if SECRET.search(field.name) and not field.is_relation
    }


def test_each_field_that_is_named_like_a_secret_is_declared_as_one():
    declared = {
        f"{model._meta.label_lower}.{name}"
        for model in audited_models()
        for name in model.audit_secret
    }
    assert named_like_secrets() - declared == HARMLESS


def test_no_version_has_a_column_for_a_secret():
    for model in audited_models():
        columns = {field.name for field in model.history.model._meta.fields}
        assert not columns & set(model.audit_secret), model


@pytest.mark.django_db
def test_secrets_lie_only_in_the_columns_that_need_them():
    """As they are stored: hashed or encrypted; in plain text they lie nowhere."""
    provider = ProviderFactory()
    user = UserFactory()
    user.set_password("pass-4711-word")
    user.save()
    key = issue_credential(provider=provider, name="ERP", scopes=["cdrs:read"])
    hook = Subscription(provider=provider, name="ERP", url="https://example.com", event_types=[])
    plain_hook = save_subscription(subscription=hook)
    peer = PeerFactory(outgoing_token=encrypt_token("their-token-4711"), token="our-token-4711")
    stored = {
        user.password: {"accounts_user.password"},
        hash_token("our-token-4711"): {"roaming_peertoken.token_hash"},
        hook.secret: {"webhooks_subscription.secret"},
        Peer.objects.get(pk=peer.pk).outgoing_token: {"roaming_peer.outgoing_token"},
        "pass-4711-word": set(), "their-token-4711": set(), "our-token-4711": set(),
        plain_hook: set(), str(key.text): set(),
    }  # fmt: skip
    found: dict[str, set[str]] = {secret: set() for secret in stored}
    for place, text in cells():
        for secret in stored:
            if secret.lower() in text:
                found[secret].add(place)
    assert found == stored
    assert PeerToken.objects.exists()
    assert Entry.objects.filter(object_type="accounts.user").last().after["password"] == MASK
