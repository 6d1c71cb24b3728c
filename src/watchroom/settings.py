"""Django's settings, derived from Watchroom's own (`kernel/settings.py`). Nothing here is to be edited by hand."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from .kernel import settings as conf
from .kernel.db import configuration

_own = conf.current()
_address = urlsplit(_own.url)
_own.data.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds all that people wrote, and their sessions

BASE = Path(__file__).parent
SECRET_KEY = conf.secret_key()
DEBUG = _own.debug
ROOT_URLCONF = "watchroom.urls"
WSGI_APPLICATION = "watchroom.wsgi.application"
ALLOWED_HOSTS = [_address.hostname or "localhost", "127.0.0.1", "localhost", "[::1]", *_own.allowed_hosts]
CSRF_TRUSTED_ORIGINS = [f"{_address.scheme}://{_address.netloc}"]

DATABASES = configuration(_own.database_url, _own.sqlite_path, _own.journal_path)
DATABASE_ROUTERS = ["watchroom.intake.journal.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "watchroom.web",  # before allauth, so that our templates are found first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "watchroom.accounts.oidc",
    "watchroom.accounts.saml",
    "watchroom.accounts",
    "watchroom.catalog",
    "watchroom.channels.phones",
    "watchroom.workspaces",
    "watchroom.oncall",
    "watchroom.paging",
    "watchroom.intake",
    "watchroom.monitors",
    "watchroom.incidents",
    "watchroom.chat",
    "watchroom.evidence",
    "watchroom.mitigations",
    "watchroom.runbooks",
    "watchroom.status",
    "watchroom.postmortems",
    "watchroom.actions",
    "watchroom.insights",
    "watchroom.outgoing",
    "watchroom.venues",
    "watchroom.workflows",
    "watchroom.drills",
    "watchroom.readiness",
    "watchroom.config",
    "watchroom.engine",
    "watchroom.api",
]

MIDDLEWARE = [
    "watchroom.status.public.domain.DomainMiddleware",  # before whatever asks for the host
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "watchroom.accounts.first_run.FirstRunMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "watchroom.web.middleware.ActorMiddleware",
    "watchroom.web.middleware.TextMiddleware",
    "watchroom.web.middleware.ErrorMiddleware",
    "watchroom.api.not_found.ApiProblemMiddleware",
    "watchroom.api.idempotency.IdempotencyMiddleware",
]

FORM_RENDERER = "watchroom.web.rendering.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["watchroom.web.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "watchroom.web.context.shell",
            ],
        },
    }
]

# --- Sign-in ---
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "watchroom.accounts.sign_in.Adapter"
SOCIALACCOUNT_ADAPTER = "watchroom.accounts.vouching.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "watchroom.accounts.sign_in.SignUpForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _address.scheme
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _address.scheme == "http"
MFA_TOTP_ISSUER = "Watchroom"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = (
    {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "oidc",
                    "settings": {
                        name: json.loads(_own.oidc)[name]
                        for name in ("server_url", "scope", "groups_claim", "domains")
                        if name in json.loads(_own.oidc)
                    },
                    **{k: v for k, v in json.loads(_own.oidc).items() if k in {"name", "client_id", "secret"}},
                }
            ]
        }
    }
    if _own.oidc
    else {}
)

# Whoever the operator's own identity provider vouches for is the person who was invited by that address.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True

SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _address.scheme == "https"
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "watchroom.web.views.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # set by the gate, which strips what strangers send
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Texts, times, files ---
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = None  # WhiteNoise finds the files inside the packages: nothing to collect
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = _own.debug
# Not every system knows this ending, and a phone installs only what is a manifest by its type.
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DEFAULT_FROM_EMAIL = _own.mail_from
_mail = urlsplit(_own.smtp_url)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _own.smtp_url else 'dummy'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or {"smtps": 465, "smtp+starttls": 587}.get(_mail.scheme, 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+starttls"
EMAIL_TIMEOUT = 20  # seconds

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}, "waitress": {"level": "WARNING"}},
}
