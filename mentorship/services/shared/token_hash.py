"""How the secrets of personal tokens and calendar addresses are stored."""

from hashlib import sha256


def token_hash(secret: str) -> str:
    """SHA-256 in hex. Random secrets cannot be guessed, so they need no slow password hash."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
