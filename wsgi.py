"""What a WSGI server and the `flask` command load."""

from mentorship import create_app
from mentorship.config import SettingsError

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"Mentorship cannot start: {error}") from None
