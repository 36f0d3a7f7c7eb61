"""The application that a WSGI server and the commands load."""

import gc
import os

from mentorship import create_app
from mentorship.config import SettingsError

# Only the owner may read the files that are created: the database, mail, backups.
os.umask(0o077)

# The modules loaded here are never freed. Collecting garbage meanwhile would lengthen each start,
# and scanning them again afterwards would slow short requests.
gc.disable()

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(f"Mentorship cannot start: {error}") from None

gc.freeze()
gc.enable()
