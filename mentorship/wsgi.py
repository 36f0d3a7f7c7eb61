"""The application that a WSGI server and the commands load."""

import gc
import os

from mentorship import create_app
from mentorship.config import SettingsError

# Files that are made are for their owner alone: the database, mails, backups.
os.umask(0o077)

# What is loaded here stays. Looking for garbage meanwhile lengthens each start, and looking through
# it again and again afterwards slows short requests.
gc.disable()

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"Mentorship cannot start: {error}") from None

gc.freeze()
gc.enable()
