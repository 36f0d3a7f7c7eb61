"""Settings from the environment and `.env`; a wrong setting stops the start with one line."""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import create_engine
from sqlalchemy.exc import ArgumentError

from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.booking.limits import BookingLimits
from mentorship.domain.calendars import GroupNames
from mentorship.domain.shared.email_addresses import is_mail_domain, is_mailbox, normalized
from mentorship.domain.shared.urls import ipv6_host, split_url
from mentorship.domain.shared.weak_secrets import is_weak
from mentorship.served_address import served_address


def _folders() -> tuple[Path, Path]:
    """Where the templates, static files and migrations are, and where `.env` and `instance` are."""
    package = Path(__file__).resolve().parent
    if (package / "templates").is_dir():  # In a wheel they are part of the package.
        return package, Path.cwd()
    return package.parent, package.parent


RESOURCES, PROJECT = _folders()

LONGEST_BODY = 64 * 1024
"""The size limit of a request body, in bytes."""


class SettingsError(Exception):
    """A setting is wrong; the message is one line that names it."""


class Settings(BaseSettings):
    """All settings; docs/reference.md and `.env.example` list the same names."""

    # A `.env` may also hold the settings of other programs, like PORT: these are ignored.
    model_config = SettingsConfigDict(
        env_file=PROJECT / ".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    mentorship_env: Literal["production", "development"] = "production"
    secret_key: SecretStr | None = None
    database_url: str | None = None
    database_pool_size: int = Field(default=3, ge=1, le=100)
    cron_secret: SecretStr | None = None
    recording_secret: SecretStr | None = None
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    security_contact: str | None = None
    redis_url: SecretStr | None = None
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    student_cutoff_hours: int = Field(default=4, ge=0, le=720)
    max_open_bookings: int = Field(default=10, ge=1, le=1000)
    max_open_bookings_per_mentor: int = Field(default=3, ge=1, le=1000)
    hold_minutes: int = Field(default=30, ge=1, le=10_080)
    outcome_hours: int = Field(default=72, ge=1, le=720)
    group_names: GroupNames = GroupNames.MENTOR
    site_name: str = Field(default="Mentorship", min_length=1, max_length=80)
    live_seconds: int = Field(default=2, ge=0, le=60)
    webhook_loopback: bool = False

    @property
    def is_production(self) -> bool:
        """Whether this installation is a real one, which strangers can reach."""
        return self.mentorship_env == "production"

    @property
    def has_https_cookies(self) -> bool:
        """Whether browsers always use HTTPS here, so that cookies can be bound to the host."""
        return self.is_production and self.base_url.startswith("https://")

    @property
    def cutoff(self) -> Cutoff:
        """The deadline before a session until which students may change it."""
        return Cutoff(timedelta(hours=self.student_cutoff_hours))

    @property
    def booking_limits(self) -> BookingLimits:
        """How many sessions a student may have booked at a time."""
        return BookingLimits(self.max_open_bookings, self.max_open_bookings_per_mentor)

    @property
    def hold(self) -> timedelta:
        """How long a freed slot is held for the next person on a waiting list."""
        return timedelta(minutes=self.hold_minutes)

    @property
    def outcome_silence(self) -> timedelta:
        """How long one side may contradict what the other reports about a session."""
        return timedelta(hours=self.outcome_hours)

    @property
    def base_host(self) -> str:
        """The host of BASE_URL as browsers send it in `Host`, without a port."""
        return _host(urlsplit(self.base_url).hostname or "")

    @property
    def sender(self) -> str:
        """The sender address of mail."""
        if self.mail_from:
            return self.mail_from
        host = self.base_host if is_mail_domain(self.base_host) else "localhost.localdomain"
        return f"no-reply@{host}"

    @property
    def usable_cron_secret(self) -> bytes | None:
        """The cron secret, or None if it is unset, weak, or cannot be sent in a header.

        Servers pass on header values only as visible ASCII with inner spaces (RFC 9110, section
        5.5).
        """
        return _usable(self.cron_secret)

    @property
    def usable_recording_secret(self) -> bytes | None:
        """The secret with which meeting systems sign, or None by the same rules."""
        return _usable(self.recording_secret)

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        try:  # Python decodes bytes of the environment that are not UTF-8 as lone surrogates.
            str(value).encode()
        except UnicodeEncodeError:
            raise ValueError("is not UTF-8 text") from None
        return value

    @field_validator("base_url")
    @classmethod
    def _http_address(cls, value: str) -> str:
        parts = _url(value)
        if not _ORIGIN.fullmatch(value):
            raise ValueError("must be like https://mentors.example.org, without a path or a query")
        try:
            _host(parts.hostname or "")
        except ValueError:
            raise ValueError("names no host that a browser can ask for") from None
        if parts.port == 0:
            raise ValueError("has port 0, at which nobody can listen")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not re.match(r"(sqlite|postgresql|postgresql\+psycopg)://", value):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        try:
            create_engine(value)  # This does not connect yet.
        except (ArgumentError, ValueError):
            raise ValueError("has a port or an option that cannot be used") from None
        return value

    @field_validator("mail_from")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value and not is_mailbox(normalized(value)):
            raise ValueError("must be an address alone, like mentors@example.org")
        return value.strip() if value else None

    @field_validator("security_contact")
    @classmethod
    def _contact(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"(mailto:[!-~]+@|https://)[!-~]{1,300}", value):
            raise ValueError("must be like mailto:security@example.org or https://example.org/…")
        return value

    @field_validator("smtp_url", "redis_url")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        schemes = _SCHEMES[info.field_name or ""]
        if value is None:
            return None
        parts = _url(value.get_secret_value())
        if parts.scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{each}://' for each in schemes)}")
        if not parts.hostname:
            raise ValueError("must name a server")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_options(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        from redis import ConnectionPool, RedisError  # Imported only if it is used: this is slow.

        try:  # Creating a connection checks every option without connecting.
            ConnectionPool.from_url(value.get_secret_value()).make_connection()
        except (ValueError, TypeError, AttributeError, RedisError):
            raise ValueError("has an option that cannot be used") from None
        return value

    @model_validator(mode="after")
    def _production_has_a_key(self) -> Self:
        key = self.secret_key.get_secret_value() if self.secret_key else ""
        if self.is_production and is_weak(key):
            raise ValueError(
                "SECRET_KEY: production needs one of 16 characters or more that cannot be guessed: "
                "no sample, words or pattern"
            )
        return self

    @model_validator(mode="after")
    def _production_calls_public_addresses(self) -> Self:
        if self.is_production and self.webhook_loopback:
            raise ValueError("WEBHOOK_LOOPBACK: production calls public addresses only")
        return self


def _url(text: str) -> SplitResult:
    try:
        return split_url(text)
    except ValueError:
        raise ValueError("must be an address, with a number where it has a port") from None


def _host(name: str) -> str:
    """The host as browsers send it. Raises ValueError if it is not a host name."""
    host = ipv6_host(name) if ":" in name else name.encode("idna").decode()
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    return host


def _usable(setting: SecretStr | None) -> bytes | None:
    secret = setting.get_secret_value() if setting else ""
    if not _IN_A_HEADER.fullmatch(secret) or is_weak(secret):
        return None
    return secret.encode()


_ORIGIN = re.compile(
    r"https?://([^\s\\/?#@:\[\]]+|\[[^\s\\/?#@\[\]]+\])(:[0-9]*)?/*", re.IGNORECASE
)

_HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*|\[[a-f0-9:.]+]")

_IN_A_HEADER = re.compile(r"[!-~]([ -~]*[!-~])?")

_SCHEMES = {"smtp_url": ("smtp", "smtps"), "redis_url": ("redis", "rediss")}


def load_settings() -> Settings:
    """The settings; the environment overrides `.env`. Raises SettingsError with one line.

    In development an unset BASE_URL is the address of the running `serve`, if there is one.
    """
    try:
        settings = Settings()
        if settings.is_production:
            _refuse_open_file(Settings.model_config.get("env_file"))
        elif "base_url" not in settings.model_fields_set:
            url = served_address(PROJECT / "instance", database_url=settings.database_url)
            return Settings(base_url=url) if url else settings
        return settings
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {message}" if name else message) from None
    except UnicodeDecodeError:
        raise SettingsError(".env: the file is not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(
            f".env: the file cannot be read ({error.strerror}): let this user read it"
        ) from None


def _refuse_open_file(file: object) -> None:
    """Raises SettingsError if other users of this machine can read or change the secrets."""
    if not isinstance(file, Path) or not file.exists():
        return
    if stat.S_IMODE(file.stat().st_mode) & _FOR_OTHERS:
        raise SettingsError(
            ".env: everybody on this machine can use the secrets in it: chmod 600 .env"
        )


_FOR_OTHERS = stat.S_IWGRP | stat.S_IRWXO
"""The group may read the file, because it may be the group of the service."""


def keep_private(path: Path) -> None:
    """Make an existing file or folder of this user accessible to its owner only."""
    with contextlib.suppress(OSError):
        path.chmod(path.stat().st_mode & stat.S_IRWXU)


@contextlib.contextmanager
def cli_errors(setting: str) -> Iterator[None]:
    """Turn an OSError into a SettingsError: the default of an unset setting could not be used."""
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"{setting}: it is not set, and {error.filename} cannot be used ({error.strerror}): "
            "set it, or let this user write there"
        ) from None


@cli_errors("SECRET_KEY")
def local_secret_key(folder: Path) -> str:
    """The secret key of a local installation, created in `folder` on first use.

    Only the owner can read the folder and the file. Raises SettingsError if they cannot be used.
    """
    file = folder / "secret_key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep_private(file)
    if not file.exists():
        draft = folder / f".secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32))
        # If several processes start together, the first one to link its complete file wins.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text()
