"""What a WSGI server and the `flask` command load in a checkout."""

import gc

# Before the imports, which saves a seventh of each start. mentorship.wsgi enables it again.
gc.disable()

from mentorship.wsgi import app  # noqa: E402  # After gc.disable().

__all__ = ["app"]
