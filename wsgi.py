"""What a WSGI server and the `flask` command load."""

import gc

from mentorship import create_app
from mentorship.config import SettingsError

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"Mentorship cannot start: {error}") from None

# What is loaded by now stays: to look for garbage in it again and again slows short requests.
gc.freeze()
