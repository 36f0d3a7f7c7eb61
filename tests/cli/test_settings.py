"""A wrong setting stops the start with one line that names it; production asks for more."""

import errno
import os
import secrets
import subprocess
import sys

import pytest

import mentorship
from mentorship import create_app
from mentorship.config import PROJECT, Settings, SettingsError, load_settings
from mentorship.domain.shared.email_addresses import is_mailbox
from tests.support.databases import settings_for

KEY = "u7Vt-for-tests-Xq29Lm"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    """Neither the environment nor a `.env` file says anything."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


WRONG = [
    # setting          value                      what the line says after the name
    ("MENTORSHIP_ENV",  "staging",                "Input should be 'production' or 'development'"),
    ("GROUP_NAMES",     "students",               "Input should be 'nobody', 'mentor' or 'every"),
    ("BASE_URL",        "ftp://example.org",      "must be like https://mentors.example.org, with"),
    ("BASE_URL",        "example.org",            "must be like https://mentors.example.org, with"),
    ("BASE_URL",        "http://example.org/app", "must be like https://mentors.example.org, with"),
    ("BASE_URL",        "http://[x",              "must be an address, with a number where"),
    ("BASE_URL",        "http://example.org:abc", "must be an address, with a number where"),
    ("BASE_URL",        "https://example.org?a=b", "must be like https://mentors.example.org, wi"),
    ("BASE_URL",        "https://example.org/#a", "must be like https://mentors.example.org, with"),
    ("BASE_URL",        "https://me@example.org", "must be like https://mentors.example.org, with"),
    ("BASE_URL",        "https://exa mple.org",   "must be like https://mentors.example.org, with"),
    ("BASE_URL",        " https://example.org",   "must be like https://mentors.example.org, with"),
    ("BASE_URL",        "http://mentors..example.org", "names no host that a browser can ask"),
    ("BASE_URL",        f"http://{'a' * 64}.example.org", "names no host that a browser can ask"),
    ("BASE_URL",        "http://.example.org",    "names no host that a browser can ask for"),
    ("BASE_URL",        "https://mentors.example.org.", "names no host that a browser can ask"),
    ("BASE_URL",        "http://men_tors.example.org", "names no host that a browser can ask for"),
    ("BASE_URL",        "http://men%20tors.example.org", "names no host that a browser can ask"),
    ("BASE_URL",        "http://[fe80::1%25eth0]", "names no host that a browser can ask for"),
    ("BASE_URL",        "http://[::1]x:80",       "must be an address, with a number where"),
    ("BASE_URL",        "http://[x]",             "must be an address, with a number where"),
    ("SMTP_URL",        "smtp://[::1]x:25",       "must be an address, with a number where"),
    ("REDIS_URL",       "redis://[::1]x:6379",    "must be an address, with a number where"),
    ("BASE_URL",        "http://h:0",             "has port 0, at which nobody can listen"),
    ("BASE_URL",        "http://m\udcfcller.example", "is not UTF-8 text"),
    ("SECRET_KEY",      f"{KEY}\udcff",           "is not UTF-8 text"),
    ("MAIL_FROM",       "m\udcfcller@example.org", "is not UTF-8 text"),
    ("MAIL_FROM",       "mentors..team@example.org", "must be an address alone, like mentors@exa"),
    ("MAIL_FROM",       "Mentors <mentors@example.org>", "must be an address alone, like mentors"),
    ("MAIL_FROM",       "mailto:mentors@example.org", "must be an address alone, like mentors@ex"),
    ("MAIL_FROM",       "mentors@localhost",      "must be an address alone, like mentors@example"),
    ("MAIL_FROM",       "müller@example.org",     "must be an address alone, like mentors@example"),
    ("CRON_SECRET",     f"{KEY}\udcff",           "is not UTF-8 text"),
    ("DATABASE_URL",    "sqlite:////tmp/m\udcfcller.db", "is not UTF-8 text"),
    ("TRUSTED_PROXIES", "\udcff",                 "is not UTF-8 text"),
    ("SMTP_URL",        "smtp://h:abc",           "must be an address, with a number where"),
    ("SMTP_URL",        "smtp://",                "must name a server"),
    ("REDIS_URL",       "redis://h:99999/0",      "must be an address, with a number where"),
    ("REDIS_URL",       "redis://h:6379?db=x",    "has an option that cannot be used"),
    ("REDIS_URL",       "redis://h?socket_timeout=abc", "has an option that cannot be used"),
    ("REDIS_URL",       "redis://h?foo=bar",      "has an option that cannot be used"),
    ("REDIS_URL",       "redis://h?protocol=9",   "has an option that cannot be used"),
    ("DATABASE_URL",    "postgresql://h:abc/db",  "has a port or an option that cannot be used"),
    ("DATABASE_URL",    "sqlite:///x?timeout=abc", "has a port or an option that cannot be used"),
    ("DATABASE_URL",    "mysql://x/y",            "must begin with sqlite:/// or postgresql://"),
    ("DATABASE_URL",    "postgresql+psycopg2://x/y", "must begin with sqlite:/// or postgresql://"),
    ("DATABASE_URL",    "nonsense",               "must begin with sqlite:/// or postgresql://"),
    ("SMTP_URL",        "redis://h",              "must begin with smtp:// or smtps://"),
    ("REDIS_URL",       "smtp://h",               "must begin with redis:// or rediss://"),
    ("DATABASE_POOL_SIZE", "0",                   "Input should be greater than or equal to 1"),
    ("DATABASE_POOL_SIZE", "many",                "Input should be a valid integer"),
    ("DATABASE_POOL_SIZE", "1000",                "Input should be less than or equal to 100"),
    ("TRUSTED_PROXIES", "many",                   "Input should be a valid integer"),
    ("TRUSTED_PROXIES", "-1",                     "Input should be greater than or equal to 0"),
    ("SECRET_KEY",      "short",                  "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "your-secret-key",        "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "changeme-changeme",      "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "a" * 16,                 "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "abc" * 20,               "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "12345678901234567890",   "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "qwertyuiopasdfghjkl",    "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "CHANGE-ME-CHANGE-ME-123", "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "your_secret_key_goes_here", "production needs one of 16 characters or mo"),
    ("SECRET_KEY",      "replace-me-with-a-random-value", "production needs one of 16 character"),
    ("SECRET_KEY",      "password-password",      "production needs one of 16 characters or more"),
    ("SECRET_KEY",      "generate-a-random-key-first", "production needs one of 16 chara"),
    ("SECRET_KEY",      "insert-random-string-here", "production needs one of 16 chara"),
    ("SECRET_KEY",      "mentorship-production-key", "production needs one of 16 chara"),
    ("SECRET_KEY",      "$(openssl rand -hex 32)", "production needs one of 16 chara"),
    ("SECRET_KEY",      "secrets.token_urlsafe(32)", "production needs one of 16 chara"),
    ("SECRET_KEY",      "ein-geheimer-schluessel", "production needs one of 16 chara"),
    ("SECRET_KEY",      "bitte-ändern-bitte-ändern", "production needs one of 16 chara"),
    ("SECURITY_CONTACT", "security@example.org",  "must be like mailto:security@example.org or h"),
    ("SECURITY_CONTACT", "javascript:alert(1)",   "must be like mailto:security@example.org or h"),
    ("SECRET_KEY",      " " * 40,                 "production needs one of 16 characters or more"),
    ("WEBHOOK_LOOPBACK", "perhaps",               "Input should be a valid boolean"),
    ("WEBHOOK_LOOPBACK", "true",                  "production calls public addresses only"),
    ("SECRET_KEY",      "",                       "production needs one of 16 characters or more"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "line"), WRONG)
def test_a_wrong_setting_is_named_in_one_line(monkeypatch, name, value, line):
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert str(error.value).startswith(f"{name}: {line}")
    assert "\n" not in str(error.value)


def test_production_is_the_default_and_needs_a_key():
    with pytest.raises(SettingsError, match=r"^SECRET_KEY: production needs one of 16"):
        load_settings()


def test_development_needs_nothing(monkeypatch):
    monkeypatch.setenv("MENTORSHIP_ENV", "development")

    assert load_settings().secret_key is None


def test_a_wrong_setting_never_shows_a_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("SMTP_URL", "http://user:hunter2@mail.example.org")

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert "hunter2" not in str(error.value)
    assert "hunter2" not in repr(settings_for("sqlite://", smtp_url="smtp://u:hunter2@h"))


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://mentors.example.org", "mentors.example.org"),
        ("https://Mentors.Example.org:8443/", "mentors.example.org"),
        ("http://192.0.2.7:8000", "192.0.2.7"),
        ("http://[::1]:8101", "[::1]"),
        ("http://[2001:DB8:0:0::7]", "[2001:db8::7]"),
        ("http://[::ffff:192.0.2.7]", "[::ffff:c000:207]"),
        ("https://m\u00fcller.example", "xn--mller-kva.example"),
    ],
)
def test_the_host_of_the_address_is_known_as_browsers_name_it(base_url, host):
    settings = settings_for("sqlite://", base_url=base_url)

    assert (settings.base_url, settings.base_host) == (base_url.rstrip("/"), host)


@pytest.mark.parametrize(
    ("base_url", "sender"),
    [
        ("https://mentors.example.org:8443", "no-reply@mentors.example.org"),
        ("https://bücher.example", "no-reply@xn--bcher-kva.example"),
        ("http://127.0.0.1:8000", "no-reply@localhost.localdomain"),
        ("http://[::1]:8000", "no-reply@localhost.localdomain"),
        ("http://localhost", "no-reply@localhost.localdomain"),
    ],
)
def test_mail_comes_from_an_address_that_mail_can_be_written_to(base_url, sender):
    settings = settings_for("sqlite://", base_url=base_url)

    assert settings.sender == sender
    assert is_mailbox(sender)


def test_an_address_of_redis_may_have_options_of_its_client(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", KEY)
    url = "rediss://me:secret@redis.example.org:6380/1?socket_timeout=1.5&ssl_cert_reqs=none"
    monkeypatch.setenv("REDIS_URL", url)

    assert load_settings().redis_url.get_secret_value() == url


def test_a_file_of_settings_that_is_not_utf_8_is_refused_in_one_line(monkeypatch, tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(f"SECRET_KEY={KEY}\nMAIL_FROM=Müller@example.org".encode("latin-1"))
    monkeypatch.setitem(Settings.model_config, "env_file", file)

    with pytest.raises(SettingsError, match=r"^\.env: the file is not UTF-8 text$"):
        load_settings()


def test_a_file_of_settings_that_may_not_be_read_is_refused_in_one_line(monkeypatch, tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"SECRET_KEY={KEY}")
    monkeypatch.setitem(Settings.model_config, "env_file", file)

    def refuse(path, *_args, **_options):  # Root, as whom tests may run, reads everything.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("builtins.open", refuse)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert str(error.value) == (
        ".env: the file cannot be read (Permission denied): let this user read it"
    )


@pytest.mark.parametrize(
    ("unset", "others"),
    [("SECRET_KEY", {"database_url": "sqlite://"}), ("DATABASE_URL", {"secret_key": KEY})],
)
def test_a_place_that_cannot_be_written_to_is_named_with_the_setting_that_does_without(
    monkeypatch, tmp_path, unset, others
):
    (tmp_path / "instance").write_text("A file stands here.")
    monkeypatch.setattr(mentorship, "PROJECT", tmp_path)

    with pytest.raises(SettingsError) as error:
        create_app(Settings(mentorship_env="development", **others))

    assert str(error.value) == (
        f"{unset}: it is not set, and {tmp_path / 'instance'} cannot be used (File exists): "
        "set it, or let this user write there"
    )


@pytest.mark.parametrize("others", [{"database_url": "sqlite://"}, {"secret_key": KEY}])
def test_the_place_of_the_database_and_the_key_is_for_its_owner_alone(
    monkeypatch, tmp_path, others
):
    (tmp_path / "static").mkdir()
    monkeypatch.setattr(mentorship, "PROJECT", tmp_path)

    create_app(Settings(mentorship_env="development", **others))

    assert (tmp_path / "instance").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("bits", [64, 128, 256])
def test_a_random_key_is_taken(monkeypatch, bits):
    for make in (secrets.token_hex, secrets.token_urlsafe):
        key = make(bits // 8)
        if len(key) >= 16:
            monkeypatch.setenv("SECRET_KEY", key)
            assert load_settings().secret_key.get_secret_value() == key


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o602])
def test_production_refuses_a_file_of_settings_that_everybody_can_use(monkeypatch, tmp_path, mode):
    file = tmp_path / ".env"
    file.write_text(f"SECRET_KEY={KEY}\n")
    file.chmod(mode)
    monkeypatch.setitem(Settings.model_config, "env_file", file)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert str(error.value) == (
        ".env: everybody on this machine can use the secrets in it: chmod 600 .env"
    )
    monkeypatch.setenv("MENTORSHIP_ENV", "development")
    load_settings()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_production_takes_a_file_of_settings_of_its_owner_and_a_group(monkeypatch, tmp_path, mode):
    file = tmp_path / ".env"
    file.write_text(f"SECRET_KEY={KEY}\n")
    file.chmod(mode)
    monkeypatch.setitem(Settings.model_config, "env_file", file)

    assert load_settings().secret_key.get_secret_value() == KEY


def test_files_that_everybody_could_read_are_for_their_owner_alone_from_the_next_start_on(
    monkeypatch, tmp_path
):
    (tmp_path / "static").mkdir()
    instance, database = tmp_path / "instance", tmp_path / "people.db"
    instance.mkdir(mode=0o755)
    files = [
        instance / "secret_key",
        *(tmp_path / f"people.db{end}" for end in ("", "-wal", "-shm")),
    ]
    for file in files:
        file.write_text(KEY if file.name == "secret_key" else "")
        file.chmod(0o644)
    monkeypatch.setattr(mentorship, "PROJECT", tmp_path)

    create_app(Settings(mentorship_env="development", database_url=f"sqlite:///{database}"))

    modes = {file.name: file.stat().st_mode & 0o777 for file in (instance, *files)}
    assert modes.pop("instance") == 0o700
    assert set(modes.values()) == {0o600}


def test_what_a_command_makes_is_for_its_owner_alone(tmp_path):
    database = tmp_path / "new.db"
    environment = {"MENTORSHIP_ENV": "development", "DATABASE_URL": f"sqlite:///{database}"}

    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        check=True,
        umask=0o022,
    )

    assert database.stat().st_mode & 0o777 == 0o600


def test_the_start_stops_with_that_line_and_no_traceback():
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "sweep"],
        cwd=PROJECT,
        env=os.environ | {"MENTORSHIP_ENV": "development", "REDIS_URL": "smtp://h"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "Mentorship cannot start: REDIS_URL: must begin with redis:// or rediss://\n"
    )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_cookies_are_secure_in_production_and_debug_mode_is_off(app_with):
    app = app_with(mentorship_env="production")

    assert app.config["SESSION_COOKIE_SECURE"]
    assert not app.debug
    assert not app_with().config["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_production_refuses_debug_mode(app_with, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")

    with pytest.raises(SettingsError, match=r"^FLASK_DEBUG: production refuses debug mode$"):
        app_with(mentorship_env="production")
    assert app_with().debug
