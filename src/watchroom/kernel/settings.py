"""Every setting, once: its environment variable, type, default and meaning.

The reference page (`docs/reference/configuration.md`), `watchroom doctor` and the refusal of wrong values are all made
from the table of fields below. A secret may also be given as ``NAME_FILE``, a path to read it from.
"""

from __future__ import annotations

import json
import os
import secrets as random_secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import Refused
from .numbers import whole


def _text(raw: str) -> str:
    return raw.strip()


def _flag(raw: str) -> bool:
    if raw.strip().lower() in {"1", "true", "yes", "on"}:
        return True
    if raw.strip().lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("use true or false")


def _whole(raw: str) -> int:
    try:
        value = int(raw)
    except ValueError:
        raise ValueError("use a whole number") from None
    if value < 0:
        raise ValueError("use a number that is not negative")
    return value


def _path(raw: str) -> Path:
    return Path(raw).expanduser().resolve()


def _url(raw: str) -> str:
    parts = urlsplit(raw.strip())
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("use a full address such as https://watchroom.example.org")
    return raw.strip().rstrip("/")


def _url_or_nothing(raw: str) -> str:
    return _url(raw) if raw.strip() else ""


def _smtp(raw: str) -> str:
    if raw.strip():
        parts = urlsplit(raw.strip())
        if parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or not parts.hostname:
            raise ValueError("use smtp://user:password@host:port, smtps://… or smtp+starttls://…")
    return raw.strip()


def _mail_address(raw: str) -> str:
    user, at, domain = raw.strip().rpartition("@")
    if raw.strip() and (not at or not user or not domain or "+" in user or " " in raw.strip() or len(user) > 20):
        raise ValueError("use an address without a plus, such as reply@in.example.org")
    return raw.strip()


def _phones(raw: str) -> str:
    for each in raw.split():
        if urlsplit(each).scheme.removesuffix("+http") not in {"twilio", "plivo"}:
            raise ValueError(
                "use twilio://SID:TOKEN@api.twilio.com?from=+4930123456 or plivo://ID:TOKEN@api.plivo.com?from=+4930123456, "
                "several with spaces between"
            )
    return raw.strip()


def _database(raw: str) -> str:
    if raw.strip() and urlsplit(raw.strip()).scheme not in {"postgres", "postgresql", "sqlite"}:
        raise ValueError("use postgresql://user:password@host:port/name, sqlite:///path, or leave it empty")
    return raw.strip()


def _listen(raw: str) -> tuple[str, int] | None:
    if not raw.strip():
        return None
    host, _, written = raw.strip().rpartition(":")
    port = whole(written, 5)
    if not host or port is None or port > 65_535:
        raise ValueError("use an address and a port, such as 0.0.0.0:25 or [::]:25")
    return host.removeprefix("[").removesuffix("]"), port


def _path_or_nothing(raw: str) -> Path | None:
    return _path(raw.strip()) if raw.strip() else None


def _list(raw: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in raw.split(",") if item.strip())


def _oidc(raw: str) -> str:
    try:
        said = json.loads(raw) if raw.strip() else {}
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ValueError("use a JSON object with name, server_url, client_id and secret")
    domains = said.get("domains", [])
    if not isinstance(domains, list) or not all(isinstance(each, str) and each for each in domains):
        raise ValueError('write domains as a JSON list: ["example.org"]')
    return raw.strip()


def _setting(env: str, default: str, parse: Callable[[str], Any], help: str, secret: bool = False) -> Any:
    return field(metadata={"env": env, "default": default, "parse": parse, "help": help, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The settings of this process, read once from the environment."""

    data: Path = _setting(
        "WATCHROOM_DATA", "./data", _path, "Directory for the embedded database, the secret key and attachments."
    )
    database_url: str = _setting(
        "DATABASE_URL",
        "",
        _database,
        "The database. Empty means SQLite in the data directory; postgresql://… means PostgreSQL 15 or later.",
        secret=True,
    )
    attachments: str = _setting(
        "WATCHROOM_ATTACHMENTS",
        "",
        _text,
        "Directory for the attachments of incidents; with several nodes, one that they share. Empty: attachments/ in "
        "the data directory, with PostgreSQL in the database.",
    )
    url: str = _setting(
        "WATCHROOM_URL",
        "http://127.0.0.1:8000",
        _url,
        "The address under which people reach Watchroom; every link in a page or mail starts with it.",
    )
    secret_key: str = _setting(
        "WATCHROOM_SECRET_KEY",
        "",
        _text,
        "Signs links and sessions and encrypts secrets. Empty means: made once and kept in the data directory. "
        "All nodes need the same one.",
        secret=True,
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "WATCHROOM_ALLOWED_HOSTS",
        "",
        _list,
        "Further host names, comma-separated, under which Watchroom answers, besides the one in WATCHROOM_URL.",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "WATCHROOM_TRUSTED_PROXIES",
        "",
        _list,
        "Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    smtp_url: str = _setting(
        "WATCHROOM_SMTP_URL",
        "",
        _smtp,
        "The mail server: smtp://user:password@host:25, smtps://…:465 or smtp+starttls://…:587. Empty: no mail.",
        secret=True,
    )
    mail_from: str = _setting(
        "WATCHROOM_MAIL_FROM",
        "watchroom@localhost",
        _text,
        "The sender of Watchroom's mail.",
    )
    mail_reply_to: str = _setting(
        "WATCHROOM_MAIL_REPLY_TO",
        "",
        _mail_address,
        "The address at which replies to pages are taken in, such as reply@in.example.org; reply+… must arrive there, too. "
        "Empty: replies are not read.",
    )
    mail_declare_to: str = _setting(
        "WATCHROOM_MAIL_DECLARE_TO",
        "",
        _mail_address,
        "The address at which mail declares incidents, such as incidents@in.example.org, where the gate takes mail itself "
        "(WATCHROOM_SMTP_LISTEN). Empty: none does there.",
    )
    mail_senders_checked: bool = _setting(
        "WATCHROOM_MAIL_SENDERS_CHECKED",
        "false",
        _flag,
        "Whether nothing but a mail server that checks senders (SPF, DKIM, DMARC) reaches WATCHROOM_SMTP_LISTEN. Otherwise "
        "what mail declares there waits for triage: anybody can write anybody's address.",
    )
    mail_reply_key: str = _setting(
        "WATCHROOM_MAIL_REPLY_KEY",
        "",
        _text,
        "Signs replies that are handed over at /mail/reply: by `watchroom mail-reply`, or Mailgun's webhook signing key.",
        secret=True,
    )
    smtp_listen: tuple[str, int] | None = _setting(
        "WATCHROOM_SMTP_LISTEN",
        "",
        _listen,
        "Where the gate takes mail that becomes alerts, such as 0.0.0.0:25. Empty: nowhere.",
    )
    smtp_domain: str = _setting(
        "WATCHROOM_SMTP_DOMAIN",
        "",
        _text,
        "The domain of the addresses that mail is taken for. Empty: mail is taken for any, and pages show the host of "
        "WATCHROOM_URL.",
    )
    smtp_certificate: Path | None = _setting(
        "WATCHROOM_SMTP_CERTIFICATE",
        "",
        _path_or_nothing,
        "A certificate chain (PEM) for mail that comes in; with it STARTTLS is offered.",
    )
    smtp_certificate_key: Path | None = _setting(
        "WATCHROOM_SMTP_CERTIFICATE_KEY",
        "",
        _path_or_nothing,
        "The private key (PEM) of that certificate, where it is not in the same file.",
    )
    phone_urls: str = _setting(
        "WATCHROOM_PHONE_URLS",
        "",
        _phones,
        "Accounts for calls and text messages: twilio://SID:TOKEN@api.twilio.com?from=+4930123456 or "
        "plivo://ID:TOKEN@api.plivo.com?from=+4930123456; several with spaces between are asked in turn. Empty: none.",
        secret=True,
    )
    bundle_pages: bool = _setting(
        "WATCHROOM_BUNDLE_PAGES",
        "true",
        _flag,
        "Whether three or more pages to one person by one method that are due at the same moment go as one message.",
    )
    sms_links: bool = _setting(
        "WATCHROOM_SMS_LINKS",
        "true",
        _flag,
        "Whether text messages hold a link. Some carriers block messages with links; a reply answers without.",
    )
    private_targets: tuple[str, ...] = _setting(
        "WATCHROOM_PRIVATE_TARGETS",
        "",
        _list,
        "Networks (CIDR, comma-separated) inside your own walls that webhooks and ntfy may be sent to. "
        "Without it, private and loopback addresses are refused.",
    )
    oidc: str = _setting(
        "WATCHROOM_OIDC",
        "",
        _oidc,
        "Sign-in by OpenID Connect: a JSON object with name, server_url, client_id and secret; with domains, a list, it may "
        "speak only for addresses of these.",
        secret=True,
    )
    sign_up: bool = _setting(
        "WATCHROOM_SIGN_UP",
        "false",
        _flag,
        "Whether strangers may make an account by themselves (they become viewers).",
    )
    web_threads: int = _setting("WATCHROOM_WEB_THREADS", "8", _whole, "Threads of a web process.")
    send_threads: int = _setting(
        "WATCHROOM_SEND_THREADS", "16", _whole, "Notifications that an engine sends at the same time."
    )
    signal_days: int = _setting("WATCHROOM_SIGNAL_DAYS", "30", _whole, "Days for which raw signals are kept.")
    hold_flapping: bool = _setting(
        "WATCHROOM_HOLD_FLAPPING",
        "true",
        _flag,
        "Whether an alert group that begins and ends again and again pages only when it fires on.",
    )
    signals_per_minute: int = _setting(
        "WATCHROOM_SIGNALS_PER_MINUTE",
        "1200000",
        _whole,
        "Signals a minute that one integration may send, where it has no limit of its own; more are answered with 429. "
        "0: no limit.",
    )
    dead_man_url: str = _setting(
        "WATCHROOM_DEAD_MAN_URL",
        "",
        _url_or_nothing,
        "An outside monitor's address that the engine requests every minute while all is well.",
    )
    alarm_to: tuple[str, ...] = _setting(
        "WATCHROOM_ALARM_TO",
        "",
        _list,
        "Who outside is told when paging itself is impaired, and when it works again: e-mail and web addresses, "
        "comma-separated. Web addresses get the JSON of the webhook channel.",
    )
    alarm_secret: str = _setting(
        "WATCHROOM_ALARM_SECRET",
        "",
        _text,
        "Signs what is sent to the web addresses of WATCHROOM_ALARM_TO.",
        secret=True,
    )
    metrics_token: str = _setting(
        "WATCHROOM_METRICS_TOKEN",
        "",
        _text,
        "Bearer token for /metrics. Empty: /metrics answers to loopback only.",
        secret=True,
    )
    debug: bool = _setting("WATCHROOM_DEBUG", "false", _flag, "Show tracebacks in the browser. Never in production.")

    @property
    def is_postgresql(self) -> bool:
        return self.database_url.startswith("postgres")

    @property
    def sqlite_path(self) -> Path:
        """Where the embedded database is; meaningful only when PostgreSQL is not used."""
        if self.database_url.startswith("sqlite"):
            # sqlite:///relative and sqlite:////absolute, as SQLAlchemy and dj-database-url write it.
            return Path(self.database_url.removeprefix("sqlite:///")).resolve()
        return self.data / "watchroom.sqlite3"

    @property
    def journal_path(self) -> Path:
        """Where the journal of signals is, beside :attr:`sqlite_path`."""
        return self.sqlite_path.with_suffix(".signals" + self.sqlite_path.suffix)

    @property
    def attachments_directory(self) -> Path | None:
        """Where the files of incidents are; None: in the database."""
        if self.attachments:
            return Path(self.attachments).expanduser()
        return None if self.is_postgresql else self.data / "attachments"


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings from ``environ`` (the process's by default).

    :raises Refused: a value can't be used; the message names the variable, the value and the fix.
    """
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for each in fields(Settings):
        name, meta = each.metadata["env"], each.metadata
        raw = env.get(name)
        if raw is None and meta["secret"] and (file := env.get(f"{name}_FILE")):
            try:
                raw = Path(file).read_text().strip()
            except OSError as error:
                raise Refused(f"{name}_FILE can't be read.", field=f"{name}_FILE", value=file, fix=str(error)) from None
        try:
            values[each.name] = meta["parse"](meta["default"] if raw is None else raw)
        except ValueError as error:
            shown = "(secret)" if meta["secret"] else raw
            raise Refused(f"{name}={shown!s} is not accepted:", field=name, value=shown, fix=f"{error}.") from None
    return Settings(**values)


@cache
def current() -> Settings:
    """The settings of this process."""
    return read()


def secret_key() -> str:
    """The secret key: from the environment, or made once and kept in the data directory with mode 0600."""
    settings = current()
    if settings.secret_key:
        return settings.secret_key
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data / "secret.key"
    if not path.exists():
        # Written aside and put in place whole: of two that begin at once, neither reads what the other has yet to write.
        own = path.with_name(f"secret.{os.getpid()}.new")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(random_secrets.token_urlsafe(48))
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            own.replace(path)
        finally:
            own.unlink(missing_ok=True)
    return path.read_text().strip()
