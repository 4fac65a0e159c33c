"""One settings file, read from the environment (see .env.example); a missing secret stops the start."""

from pathlib import Path

import django_stubs_ext
import structlog
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy
from kombu import Queue

from portal.env import env_bool, env_database, env_int, env_list, env_secret, env_str

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env_str("PORTAL_DATA_DIR", str(BASE_DIR / ".portal")))

DEBUG = env_bool("DEBUG")
SECRET_KEY = env_secret("SECRET_KEY")
FERNET_KEYS = env_secret("FERNET_KEYS").split(",")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "127.0.0.1,localhost")
PORTAL_URL = env_str("PORTAL_URL", "http://127.0.0.1:8000")
PORTAL_SANDBOX_URL = env_str("PORTAL_SANDBOX_URL")
METRICS_TOKEN = env_str("METRICS_TOKEN")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.idp.oidc",
    "axes",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "tenants",
    "integrations",
    "mappings",
    "reconciliation",
    "portal",
]

MIDDLEWARE = [
    "integrations.webhooks.WebhookDoor",  # ledgers wait for an answer: they pass by what is made for people
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.middleware.TenantMiddleware",
    "portal.discretion.DiscretionMiddleware",  # within the tenant's scope: it looks up whose names to hide
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

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
                "portal.context.site",
            ],
        },
    },
]

# The application connects as a role that row-level security binds; only `migrate` uses the owner role.
DATABASES = {
    "default": env_database("DATABASE_URL"),
    "owner": env_database("DATABASE_OWNER_URL", fallback="DATABASE_URL"),
}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

ACCOUNT_ADAPTER = "tenants.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = reverse_lazy("account_login")
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Ledger Portal"
IDP_OIDC_PRIVATE_KEY = env_str("OIDC_PRIVATE_KEY")
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 3600

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_LOCKOUT_TEMPLATE = "account/lockout.html"
AXES_VERBOSE = False

PGHISTORY_APPEND_ONLY = True

CELERY_BROKER_URL = env_str("BROKER_URL", "memory://")
# What somebody waits for is never behind a long sync; a worker without --queues takes from all four.
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("interactive", "webhook", "posting", "backfill")]
CELERY_TASK_ROUTES = {
    "integrations.tasks.run_sync": {"queue": "backfill"},
    "integrations.tasks.run_replay": {"queue": "backfill"},
    "integrations.tasks.perform_proof": {"queue": "backfill"},
    "integrations.tasks.reread": {"queue": "backfill"},
    "mappings.tasks.run_pilot": {"queue": "backfill"},
    "integrations.tasks.send_posting": {"queue": "posting"},
    "integrations.tasks.distribute_announcements": {"queue": "webhook"},
    "integrations.tasks.apply_announcements": {"queue": "webhook"},
    "integrations.tasks.tend_deliveries": {"queue": "webhook"},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 3300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
if CELERY_BROKER_URL.startswith(("redis", "valkey")):
    # Redelivery after a killed worker: 11 s instead of 104 s; longer than the longest task before a second delivery.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    }
DJANGO_CELERY_BEAT_TZ_AWARE = True
DJANGO_STRUCTLOG_CELERY_ENABLED = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
SWEEP_SECONDS = env_int("SWEEP_SECONDS", 2)
# A worker silent for this long is taken for dead (longer than the longest call to a ledger); first wait before a retry.
WORK_LEASE_SECONDS = env_int("WORK_LEASE_SECONDS", 180)
RETRY_BASE_SECONDS = env_int("RETRY_BASE_SECONDS", 2)
MATCH_WHOLE_BELOW = env_int("MATCH_WHOLE_BELOW", 2000)  # open documents; larger connections match what changed only
API_CALLS_KEPT = env_int("API_CALLS_KEPT", 5000)  # per connection
WEBHOOK_DAYS = env_int("WEBHOOK_DAYS", 30)  # deliveries that are distributed, and events that are concluded
CELERY_BEAT_SCHEDULE = {
    f"{app}-sweep": {
        "task": f"{app}.tasks.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS},
    }
    for app in ("integrations", "mappings", "reconciliation")
}
CELERY_BEAT_SCHEDULE["webhooks-tend"] = {
    "task": "integrations.tasks.tend_deliveries",
    "schedule": 3600,
    "options": {"expires": 3600},
}

EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "Ledger Portal <portal@localhost>")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # The admin theme caches search results per person; a person may work in several tenants.
        "KEY_FUNCTION": "tenants.rls.cache_key",
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = "portal.formats"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

_secure = PORTAL_URL.startswith("https://")
SECURE_SSL_REDIRECT = _secure
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # probes come from this machine, without the proxy
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _secure
SECURE_HSTS_PRELOAD = _secure
BEHIND_PROXY = env_bool("BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_AGE = 12 * 3600
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # unfold's Alpine evaluates attribute expressions and sets inline styles; nothing comes from another host.
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.authentication.PartnerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "portal.api.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ledger Portal",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "CutOverStatusEnum": "mappings.models.CutOver.Status",
        "CutOverStateEnum": "mappings.models.CutOverLink.State",
        "DocumentKindEnum": "mappings.models.SourceDocument.Kind",
        "ReplayKindEnum": "integrations.models.Replay.Kind",
        "DiscrepancyKindEnum": "integrations.models.Discrepancy.Kind",
        "DirectionEnum": "integrations.models.ResourcePolicy.Direction",
        "OverrideDirectionEnum": "integrations.models.FieldOverride.Direction",
    },
}

UNFOLD = {
    "SITE_TITLE": "Ledger Portal",
    "SITE_HEADER": "Ledger Portal",
    "SITE_SYMBOL": "account_balance",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "portal.dashboard.context",
    "ENVIRONMENT": "portal.dashboard.tenant_label",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("portal/favicon.svg")},
    ],
    "STYLES": [lambda request: static("portal/portal.css")],
    "SITE_DROPDOWN": "portal.admin.tenant_choices",
    "ACCOUNT": {"navigation": "portal.admin.account_links"},
    "SIDEBAR": {"show_search": False, "navigation": "portal.admin.navigation"},
    "COMMAND": {"search_callback": "portal.admin.find", "show_history": True},
}

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        # JSON escapes line breaks, so text from outside cannot forge a log line.
        "json": {"()": structlog.stdlib.ProcessorFormatter, "processor": structlog.processors.JSONRenderer()},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env_str("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # It writes a line of a bank statement into the log for each one it cannot read; the page of the file shows it.
        "mt940": {"level": "CRITICAL"},
    },
}
