"""Django settings: one path for one machine and for many, decided by `project.env`."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from project.env import BASE, read_env, storage_options
from project.logs import logging_config

ENV = read_env()
_site = urlsplit(ENV.site_url)
_secure = _site.scheme == "https"

SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
SITE_URL = ENV.site_url
MODERATION_HOST = "" if ENV.moderation_host == _site.netloc else ENV.moderation_host
MODERATION_URL = f"{_site.scheme}://{MODERATION_HOST}" if MODERATION_HOST else ""
STAFF_PASSKEYS = ENV.staff_passkeys
_hosts = {_site.hostname or "", urlsplit(MODERATION_URL).hostname or ""} - {""}
ALLOWED_HOSTS = sorted(_hosts | (set() if _secure else {"127.0.0.1", "localhost"}))
CSRF_FAILURE_VIEW = "project.pages.forgery_suspected"
CSRF_TRUSTED_ORIGINS = [url for url in (SITE_URL, MODERATION_URL) if url]
PROXY_COUNT = ENV.proxy_count
SOCKET_ORIGINS = [SITE_URL]
if not _secure and _site.hostname == "127.0.0.1":  # the same machine under its other name
    SOCKET_ORIGINS.append(SITE_URL.replace("127.0.0.1", "localhost"))

INSTALLED_APPS = [
    "daphne",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "ninja",
    "template_partials",
    "django_dramatiq",
    "django_prometheus",
    "django_structlog",
    "curation",
    "generation",
    "chain",
    "project",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "curation.accounts.middleware.note_activity",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "curation.moderation.hosts.keep_apart",
    "project.pages.Refusals",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "chain.demo.context.wallet",
                "curation.moderation.hosts.places",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# Data ---------------------------------------------------------------------------------------


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django_prometheus.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "salon",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 12, "timeout": 10}, **query},
    }


DATABASES = {"default": _database(ENV.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "salon",
    }
}
SESSION_ENGINE = "curation.accounts.sessions"
SESSION_COOKIE_AGE = 7 * 24 * 3600  # as long as a sign-in message may last
SESSION_COOKIE_SAMESITE = "Lax"
REDIS_URL = ENV.redis_url
AUTH_USER_MODEL = "curation.Member"
LOGIN_URL = "sign-in"
AUTHENTICATION_BACKENDS = ["curation.accounts.backends.AddressBackend"]

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [ENV.redis_url], "prefix": "salon"},
    }
}

STORAGES = {
    "default": storage_options(ENV.storage_url),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Chain --------------------------------------------------------------------------------------

CHAIN_ID = ENV.chain_id
CHAIN_NAME = ENV.chain_name
RPC_URL = ENV.rpc_url
PUBLIC_RPC_URL = ENV.public_rpc_url
RPC_ALLOW_PRIVATE = ENV.rpc_allow_private or ENV.rpc_is_embedded
RPC_CHECK_URL = ENV.rpc_check_url
RPC_CHECK_RECEIPTS = ENV.rpc_check_receipts
FINALITY_DEPTH = ENV.finality_depth
DEMO_WALLET = ENV.demo_wallet
EMBEDDED_CHAIN = ENV.on_embedded_chain
SITE_KEYS = {
    "operator": ENV.operator_key,
    "guardian": ENV.guardian_key,
    "deployer": ENV.deployer_key,
}
SITE_KEYS_FOLDER = ENV.salon_data / "keys"  # the embedded chain's, made at first use
MAX_FEE_GWEI = ENV.max_fee_gwei
CHALLENGE_S = ENV.challenge_s
RESULT_HOURS = ENV.result_hours
BALLOT_ANCHOR_S = ENV.ballot_anchor_s
CONTRACT_WALLETS = "chain.wallets.check"  # how curation asks about signatures of contracts
STAKING_TERMS = "chain.staking.terms.terms"  # how curation asks what the contracts ask of stakes

# Moderation ---------------------------------------------------------------------------------

MODERATION_DEEDS = ["chain.settlement.deeds.CANCEL", "chain.settlement.deeds.VETO"]
MODERATION_SOURCES = [  # where the queue gathers what waits for moderators
    "curation.moderation.queue.Reported",
    "curation.moderation.queue.Held",
    "curation.moderation.queue.Taken",
    "generation.jobs.dead.Dead",
    "curation.moderation.queue.Hanging",
]

# Ballots ------------------------------------------------------------------------------------

BALLOT_DOMAIN = "chain.operator.selectors.ballot_domain"  # how curation asks what ballots must name
RECEIPT_KEY = ENV.receipt_key
REPUTATION_AGE = timedelta(hours=ENV.reputation_age_hours)
REPUTATION_GOLD = ENV.reputation_gold
NEWCOMERS_COUNT = ENV.on_embedded_chain  # who earns a reputation during a round has it in that one
PAIRS_PER_ROUND = ENV.pairs_per_round

# Validators ---------------------------------------------------------------------------------

VALIDATORS = ENV.validators
CHARTER_FILE = ENV.charter_file
SAFETY_CLASSIFIER = ENV.safety_classifier
SAFETY_TIMEOUT_S = ENV.safety_timeout_s

# Workers ------------------------------------------------------------------------------------

_amqp = ENV.broker_url.startswith("amqp")
DRAMATIQ_BROKER = {
    "BROKER": "dramatiq.brokers.rabbitmq.RabbitmqBroker"
    if _amqp
    else "dramatiq.brokers.redis.RedisBroker",
    # A killed worker's message is handed to another within about 11 s with these two.
    "OPTIONS": {"url": ENV.broker_url}
    if _amqp
    else {"url": ENV.broker_url, "heartbeat_timeout": 30_000, "maintenance_chance": 100_000},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.ShutdownNotifications",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Retries",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
        "generation.warmup.WarmEngine",
    ],
}
DRAMATIQ_AUTODISCOVER_MODULES = ["actors"]

# Pages --------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = ENV.salon_data / "static"
STATICFILES_DIRS = [
    BASE / "static",
    ("fonts", BASE / "node_modules/@fontsource-variable/bricolage-grotesque/files"),
]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "project.vendor.VendorFinder",
]
MEDIA_URL = "/media/"
WHITENOISE_MAX_AGE = 3600
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
if _secure:  # a name that browsers take from this very host over TLS only
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True  # scripts read the token from the page
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = _secure
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _secure else None
# Health checks come from a balancer over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144

# Observability ------------------------------------------------------------------------------

LOGGING_CONFIG = None
logging_config(level=ENV.log_level, style=ENV.log_format)
PROMETHEUS_EXPORT_MIGRATIONS = False
