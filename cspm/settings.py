"""Django settings; everything that differs between machines comes from the environment."""

import logging
import secrets
from pathlib import Path

import structlog
from csp.constants import NONE, SELF

from cspm.environment import database, flag, number, text, words

BASE_DIR = Path(__file__).resolve().parent.parent
CSPM_HOME = Path(text("CSPM_HOME", str(BASE_DIR / ".run")))

DEBUG = flag("DEBUG")
# Commands that touch no session do without; cspm.wsgi refuses to serve without a lasting one.
SECRET_KEY = text("SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = [*words("ALLOWED_HOSTS"), "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
HTTPS = flag("HTTPS")  # the site is reached over HTTPS (behind a proxy that ends TLS)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "identity",
    "inventory",
    "findings",
    "drift",
    "remediation",
    "compliance",
    "cspm",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "cspm.urls"
WSGI_APPLICATION = "cspm.wsgi.application"
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
                "cspm.navigation.navigation",
            ],
            "builtins": ["identity.templatetags.ui"],
        },
    }
]

DATABASES = {"default": database(text("DATABASE_URL", "postgresql:///cspm"))}
DATABASES["default"]["CONN_MAX_AGE"] = number("DATABASE_CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = text("REDIS_URL", "redis://localhost:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
ACCOUNT_ADAPTER = "identity.adapter.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes come from inside
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = CSPM_HOME / "static"
STATICFILES_DIRS = [path for path in [BASE_DIR / "static"] if path.is_dir()]
WHITENOISE_USE_FINDERS = True  # serves from the checkout; an image runs collectstatic instead
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if flag("STATIC_MANIFEST")
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    # A broker that is down must not hold a page up: the sweepers do without its hints.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "evaluate"
CELERY_TASK_ROUTES = {
    "remediation.*": {"queue": "execute"},
    "inventory.events.*": {"queue": "events"},
    "inventory.*": {"queue": "scan"},
    "findings.*": {"queue": "evaluate"},
    "drift.*": {"queue": "evaluate"},
    "compliance.*": {"queue": "report"},
}
# Tasks woken (by name, as a hint only) when something was committed; each consumes durable state.
WAKE = {
    "change": ["findings.evaluate", "drift.compare"],
    "finding": ["remediation.autopilot"],
    "plan": ["remediation.execute_due"],
    "work": ["inventory.run_work"],
}
# Safety net for every hint above, and the periodic work; admins may edit the copies in the database.
CELERY_BEAT_SCHEDULE = {
    "inventory-schedule": {"task": "inventory.schedule_scans", "schedule": 60.0},
    "inventory-sweep": {"task": "inventory.sweep", "schedule": 15.0},
    "findings-evaluate": {"task": "findings.evaluate", "schedule": 15.0},
    "findings-wake": {"task": "findings.wake_due", "schedule": 300.0},
    "drift-compare": {"task": "drift.compare", "schedule": 15.0},
    "remediation-sweep": {"task": "remediation.execute_due", "schedule": 15.0},
    "remediation-autopilot": {"task": "remediation.autopilot", "schedule": 15.0},
    "compliance-snapshot": {"task": "compliance.snapshot", "schedule": 3600.0},
    "inventory-retention": {"task": "inventory.retention", "schedule": 21600.0},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "identity.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["identity.permissions.ModelPermissions"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "identity.pagination.CursorByKey",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "identity.problems.problem",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CSPM API",
    "DESCRIPTION": "Posture, drift and safe repair for AWS networks.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"TrustLevelEnum": "cspm.schema.TRUST_LEVELS"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cspm.schema.with_problems",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

# How the product itself enters AWS; boto3 reads its own variables (AWS_ENDPOINT_URL included).
AWS_CALL_TIMEOUT_SECONDS = number("AWS_CALL_TIMEOUT_SECONDS", 20)
SCAN_INTERVAL_SECONDS = number("SCAN_INTERVAL_SECONDS", 900)
LEASE_SECONDS = number("LEASE_SECONDS", 120)
RETENTION_DAYS = {
    "versions": number("RETAIN_VERSIONS_DAYS", 400),
    "changes": number("RETAIN_CHANGES_DAYS", 30),
    "scans": number("RETAIN_SCANS_DAYS", 90),
    "audit": number("RETAIN_AUDIT_DAYS", 0),  # 0: for ever
}

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    logger_factory=structlog.PrintLoggerFactory(),
    cache_logger_on_first_use=False,
)
