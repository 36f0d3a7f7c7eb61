"""URLs and their hosts, parsed and written the same way by every Python from 3.11.2 on."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

_BRACKETED = re.compile(r"\[([^\[\]]*)\](:[0-9]*)?")


def split_url(text: str) -> SplitResult:
    """Split a URL into its parts. Raises ValueError if it is not a URL, or its port is wrong.

    Brackets hold an IPv6 address, and only a port follows them. Python checks what they hold since
    3.11.4, and that nothing else stands around them since 3.13.2 (CVE-2025-0938).
    """
    parts = urlsplit(text)
    _ = parts.port  # Reading the port parses it.
    host = parts.netloc.rpartition("@")[2]
    if "[" in host:
        bracketed = _BRACKETED.fullmatch(host)
        if bracketed is None:
            raise ValueError(host)
        IPv6Address(bracketed[1])
    return parts


def ipv6_host(address: str) -> str:
    """An IPv6 address in brackets, as browsers write it. Raises ValueError.

    Every part is hexadecimal (WHATWG URL, "IPv6 serializer"); since 3.13 Python writes mapped IPv4
    addresses with dotted decimals.
    """
    parsed = IPv6Address(address)
    mapped = parsed.ipv4_mapped
    if mapped is None or parsed.scope_id:
        return f"[{parsed}]"
    high, low = divmod(int(mapped), 0x10000)
    return f"[::ffff:{high:x}:{low:x}]"
