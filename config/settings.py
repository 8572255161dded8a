"""All settings. The environment is read here and nowhere else; what is not understood is refused with a sentence."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import Processor

from config.environment import Environment, fernet_keys
from config.logs import without_secrets

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()


def required_in_production(name: str, *, otherwise: str) -> str:
    """The variable, or `otherwise` outside production; production refuses to start without it."""
    value = env.str(name, "")
    if not value and IN_PRODUCTION:
        raise ImproperlyConfigured(
            f"{name} is not set. Production needs it: see docs/operations.md for how to make one."
        )
    return value or otherwise


# --- Where it runs -------------------------------------------------------------------------------------------------
ENVIRONMENT = env.str("VIGIE_ENVIRONMENT", "development")
if ENVIRONMENT not in {"development", "test", "production"}:
    raise ImproperlyConfigured(f"VIGIE_ENVIRONMENT is '{ENVIRONMENT}'. Write one of: development, test, production.")
IN_PRODUCTION = ENVIRONMENT == "production"
DEBUG = False
SECRET_KEY = required_in_production("VIGIE_SECRET_KEY", otherwise="only-for-development-and-tests")
# Fernet keys for the credentials of nodes, newest first; apart from SECRET_KEY so that either can be rotated alone.
CREDENTIAL_KEYS = fernet_keys(
    "VIGIE_CREDENTIAL_KEYS",
    required_in_production("VIGIE_CREDENTIAL_KEYS", otherwise="b25seS1mb3ItZGV2ZWxvcG1lbnQtYW5kLXRlc3RzLSE="),
)
ALLOWED_HOSTS = env.listed(
    "VIGIE_ALLOWED_HOSTS", default=[] if IN_PRODUCTION else ["localhost", "127.0.0.1", "testserver"]
)
if IN_PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("VIGIE_ALLOWED_HOSTS is not set. Write the host names people use, separated by commas.")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if IN_PRODUCTION else []

# --- The company ---------------------------------------------------------------------------------------------------
COMPANY_NAME = env.str("VIGIE_COMPANY", "")
CURRENCY = env.str("VIGIE_CURRENCY", "EUR")
TIME_ZONE = env.time_zone("VIGIE_TIME_ZONE", "Europe/Paris")
DATA_DIR = Path(env.str("VIGIE_DATA", str(BASE_DIR / ".var")))

# --- Apps ----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "readiness",
    "inference_kpis",
    "accounts",
    "config.apps.VigieAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "template_partials",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
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
                "config.context.company",
                "config.context.navigation",
                "config.context.waiting_work",
            ],
            # Not found by itself: pages of assessments show what a subject above them knows.
            "libraries": {"perceptions": "readiness.perceptions.tags", "teamwork": "readiness.teamwork.tags"},
        },
    }
]

# --- PostgreSQL and Redis ------------------------------------------------------------------------------------------
# The truth lives in PostgreSQL; Redis carries tasks and cached fragments and may be flushed at any time.
DATABASES = {"default": env.postgres("DATABASE_URL", default="postgres:///vigie")}
# A Unix socket is a folder: percent-encoded as the host, or in `?host=`.
DATABASES["default"]["HOST"] = unquote(DATABASES["default"]["HOST"]) or DATABASES["default"].get("OPTIONS", {}).pop(
    "host", ""
)
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "pool": {"min_size": 1, "max_size": 8, "timeout": 10} if ENVIRONMENT != "test" else False,
    "options": "-c synchronous_commit=on",
}
REDIS_URL = env.redis("REDIS_URL", "redis://127.0.0.1:6379/0")


def broker_url(redis_url: str) -> str:
    """The same server in Celery's spelling: a Unix socket is `redis+socket://` there."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env.str("VIGIE_CACHE_PREFIX", "vigie"),
    }
}

# --- Background work -----------------------------------------------------------------------------------------------
# The reasons for each of these are measured in docs/decisions/0004-rows-say-what-is-due.md.
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = env.str("VIGIE_QUEUE", "vigie")
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "health_check_interval": 30,
    "global_keyprefix": env.str("VIGIE_BROKER_PREFIX", "vigie:"),
}
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in [
        ("pull the nodes that are due", "inference_kpis.pull.tasks.dispatch_due_pulls", 1.0),
        ("send the probes that are due", "inference_kpis.probes.tasks.dispatch_due_probes", 1.0),
        ("roll up what new readings touched", "inference_kpis.readings.tasks.roll_up_touched", 2.0),
        ("settle pushed collections that waited long enough", "inference_kpis.push.tasks.settle_waiting", 5.0),
        ("count the fleet's health", "inference_kpis.fleet.tasks.count_health", 2.0),
        ("work out what lists of nodes are sorted by", "inference_kpis.dashboards.tasks.work_out_figures", 60.0),
        ("refresh the node lists that are due", "inference_kpis.discovery.tasks.refresh_due_sources", 2.0),
        ("ask the query sources that are due", "inference_kpis.query_sources.tasks.ask_due_sources", 2.0),
        ("forget what waits in the inbox no longer", "inference_kpis.push.tasks.forget_waiting_nodes", 3600.0),
        ("make and drop partitions", "inference_kpis.readings.tasks.keep_partitions", 3600.0),
        ("evaluate alert rules", "inference_kpis.alerts.tasks.evaluate_rules", 5.0),
        ("send notifications", "inference_kpis.alerts.tasks.send_notifications", 2.0),
        ("check declared levels against measurements", "readiness.contradictions.tasks.check_bindings", 15.0),
        ("drop files that nothing refers to", "readiness.evidence.tasks.remove_orphans", 3600.0),
        ("tell which success metrics are alive", "readiness.success.tasks.report_live_success_metrics", 3600.0),
        ("tell which practices are bound", "readiness.bindings.tasks.report_bound_practices", 3600.0),
        ("write the reminders of the day", "readiness.teamwork.tasks.write_digests", 30.0),
        ("send the reminders that are due", "readiness.teamwork.tasks.send_mails", 10.0),
    ]
}

# --- Pulling -------------------------------------------------------------------------------------------------------
# Networks in CIDR notation that nodes may live in; empty means that nothing can be pulled until somebody decides.
PULL_NETWORKS = env.networks("VIGIE_PULL_NETWORKS")
# Exact host:port pairs on loopback; only the launcher writes this, for the demo fleet.
DEMO_ENDPOINTS = frozenset(env.listed("VIGIE_DEMO_ENDPOINTS"))
# What operators may at most allow a single node to send.
PULL_BODY_CEILING_MIB = env.whole_number("VIGIE_PULL_BODY_CEILING_MIB", 32)
PULL_SAMPLES_CEILING = env.whole_number("VIGIE_PULL_SAMPLES_CEILING", 200_000)
PULL_BATCH_SIZE = env.whole_number("VIGIE_PULL_BATCH_SIZE", 50)
# Few at a time: probes that wait for each other in one process would measure that.
PROBE_BATCH_SIZE = env.whole_number("VIGIE_PROBE_BATCH_SIZE", 10)
# Where else nodes are pulled and probed from: each name is that of a queue that workers standing there take from.
WORKER_REGIONS = env.listed("VIGIE_WORKER_REGIONS")
RAW_RETENTION_DAYS = env.whole_number("VIGIE_RAW_RETENTION_DAYS", 15)
MINUTE_RETENTION_DAYS = env.whole_number("VIGIE_MINUTE_RETENTION_DAYS", 45)
HOUR_RETENTION_DAYS = env.whole_number("VIGIE_HOUR_RETENTION_DAYS", 457)
DAY_RETENTION_DAYS = env.whole_number("VIGIE_DAY_RETENTION_DAYS", 1827)
if MINUTE_RETENTION_DAYS <= RAW_RETENTION_DAYS:
    # A late reading would rebuild a minute that is gone already, and count it again.
    raise ImproperlyConfigured(
        f"VIGIE_MINUTE_RETENTION_DAYS is {MINUTE_RETENTION_DAYS}. Write more days than VIGIE_RAW_RETENTION_DAYS, which is"
        f" {RAW_RETENTION_DAYS}: minutes have to outlive the readings that they are made of."
    )
for finer, days, coarser, kept_days in [
    ("MINUTE", MINUTE_RETENTION_DAYS, "HOUR", HOUR_RETENTION_DAYS),
    ("HOUR", HOUR_RETENTION_DAYS, "DAY", DAY_RETENTION_DAYS),
]:
    if kept_days < days:
        raise ImproperlyConfigured(
            f"VIGIE_{coarser}_RETENTION_DAYS is {kept_days}. Write at least as many days as VIGIE_{finer}_RETENTION_DAYS,"
            f" which is {days}: what is coarser is what remains of the finer."
        )

# --- Evidence ------------------------------------------------------------------------------------------------------
# Files are kept in the database: what they take there, its backups take again.
EVIDENCE_FILE_MIB = env.whole_number("VIGIE_EVIDENCE_FILE_MIB", 10)
EVIDENCE_ASSESSMENT_MIB = env.whole_number("VIGIE_EVIDENCE_ASSESSMENT_MIB", 100)
FILE_UPLOAD_HANDLERS = ["readiness.evidence.uploads.BoundedUploadHandler"]

# --- Alerts --------------------------------------------------------------------------------------------------------
# Networks in CIDR notation that web hooks may live in; those of the nodes unless others are named.
NOTIFY_NETWORKS = env.networks("VIGIE_NOTIFY_NETWORKS") or PULL_NETWORKS
# How people reach this installation: where the links in messages lead.
PUBLIC_URL = env.str(
    "VIGIE_PUBLIC_URL",
    f"https://{ALLOWED_HOSTS[0]}" if IN_PRODUCTION else f"http://127.0.0.1:{env.str('VIGIE_PORT', '8765')}",
).rstrip("/")

# --- People --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
    ]
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"] if ENVIRONMENT == "test" else ["accounts.hashers.Argon2Hasher"]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "readiness:overview"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Strangers get no mail: it would invite them to sign up, and nobody does.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MAIL = env.mail("VIGIE_EMAIL_URL", default="smtp://localhost:25" if IN_PRODUCTION else "consolemail://")
EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = MAIL["EMAIL_HOST"], MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_USER"] or "", MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.get("EMAIL_USE_TLS", False), MAIL.get("EMAIL_USE_SSL", False)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("VIGIE_EMAIL_FROM", "Vigie <vigie@localhost>")
EMAIL_TIMEOUT = 10

# --- Languages -----------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True

# --- Static files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.npm_finder.NpmFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ENVIRONMENT == "test"
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = ENVIRONMENT == "test"

# --- Security headers ----------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        # The hash is that of the empty string: it admits the empty style element that Plotly fills by script.
        "style-src": [SELF, "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
if IN_PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = (
        ("HTTP_X_FORWARDED_PROTO", "https") if env.yes_or_no("VIGIE_BEHIND_PROXY", default=False) else None
    )
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

# --- API -----------------------------------------------------------------------------------------------------------
INGEST_MAX_BYTES = 8 * 1024 * 1024
INGEST_MAX_UNPACKED_BYTES = 16 * 1024 * 1024
INGEST_MAX_READINGS = 5000
DATA_UPLOAD_MAX_MEMORY_SIZE = INGEST_MAX_BYTES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api_errors.answer_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Vigie",
    "DESCRIPTION": "Readings of edge inference nodes in, KPIs out; assessments both ways.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Fields of one name with different choices.
    "ENUM_NAME_OVERRIDES": {
        "AnnotationKind": "inference_kpis.annotations.models.Annotation.Kind",
        "EvidenceKind": "readiness.assessments.models.Evidence.Kind",
        "NodeState": "inference_kpis.fleet.models.Node.State",
        "AssessmentState": "readiness.assessments.models.Assessment.State",
        "BindingState": "readiness.scoring.BindingState",
        "NodeSource": "inference_kpis.fleet.models.Node.Source",
        "BindingSource": "readiness.assessments.models.Binding.Source",
        "NoValue": "inference_kpis.api.serializers.REASONS",
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Logs ----------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.one_of(
    "VIGIE_LOG_LEVEL", "DEBUG", "INFO", "WARNING", "ERROR", default="INFO" if ENVIRONMENT != "test" else "WARNING"
)
LOG_PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    without_secrets,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": LOG_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {
        "handlers": ["stderr"],
        "level": LOG_LEVEL,
    },
    # Three tasks a second say nothing worth a line while all is well.
    "loggers": {
        name: {"level": "WARNING"}
        for name in ("celery.app.trace", "celery.beat", "celery.worker.strategy", "django_structlog.celery")
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *LOG_PROCESSORS,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

SILENCED_SYSTEM_CHECKS: list[str] = []
