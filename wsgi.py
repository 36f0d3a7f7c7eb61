"""What a WSGI server and the `flask` command load."""

import gc
import os

# Files that are made are for their owner alone: the database, mails, backups.
os.umask(0o077)

# What is loaded here stays. To look for garbage meanwhile takes a seventh of each start, and to
# look through it again and again afterwards slows short requests.
gc.disable()

from mentorship import create_app  # noqa: E402  # After gc.disable().
from mentorship.config import SettingsError  # noqa: E402  # After gc.disable().

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"Mentorship cannot start: {error}") from None

gc.freeze()
gc.enable()
