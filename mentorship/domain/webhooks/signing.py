"""Signed calls as the Standard Webhooks specification 1.0 describes them."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256


def endpoint_key(secret_key: str, salt: str) -> bytes:
    """The 32-byte key that signs the calls to one endpoint; another salt gives another key."""
    return hmac.new(secret_key.encode(), b"webhook." + salt.encode(), sha256).digest()


def displayed_key(key: bytes) -> str:
    """The key as receivers get it."""
    return "whsec_" + b64encode(key).decode()


def signed_headers(key: bytes, call_id: str, body: bytes, *, now: datetime) -> Mapping[str, str]:
    """The three headers: the id of the call, its time (seconds since 1970), and the signature."""
    timestamp = str(int(now.timestamp()))
    signature = hmac.new(key, f"{call_id}.{timestamp}.".encode() + body, sha256).digest()
    return {
        "webhook-id": call_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + b64encode(signature).decode(),
    }
