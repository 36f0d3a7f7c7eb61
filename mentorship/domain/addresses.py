"""Which network addresses belong to the public internet and not to somebody's own network."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        # IANA's special-purpose registries name these; Python's `is_global` does not know them all.
        "192.0.0.0/24", "192.88.99.0/24",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
"""Ends in the IPv4 address that is meant (RFC 6052)."""


def is_public(address: str) -> bool:
    """Whether a numeric address is one that anybody on the internet may offer a service at.

    IPv6 addresses that stand for an IPv4 address are judged by that one; those of tunnels (6to4,
    Teredo) never are public. Raises ValueError for what is no address.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        if parsed in _NAT64:
            parsed = IPv4Address(int(parsed) & 0xFFFFFFFF)
        elif parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif parsed not in _UNICAST or parsed.scope_id:
            return False
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not any(parsed in network for network in _NOT_PUBLIC)
    )
