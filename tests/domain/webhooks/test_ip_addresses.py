"""Which addresses are public: one of each kind that is not, and neighbours that are."""

import pytest

from mentorship.domain.webhooks.ip_addresses import is_public, mailbox_of, network_of, truncated

PUBLIC = [
    "1.1.1.1", "93.184.215.14", "172.15.255.255", "172.32.0.0", "100.63.255.255", "192.0.1.1",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1", "64:ff9b::101:101",
]  # fmt: skip

OTHERS = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:101:101::", "3fff::1", "4000::1", "fc00::1", "fd00::1", "fe80::1", "fec0::1", "ff02::1",
    "2606:4700::1%eth0",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_what_anybody_may_offer_a_service_at_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", OTHERS)
def test_what_belongs_to_a_network_of_its_own_is_not(address):
    assert not is_public(address)


@pytest.mark.parametrize("text", ["", "example.org", "127.1", "0x7f000001", "2130706433"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        is_public(text)


@pytest.mark.parametrize(
    ("address", "network", "told"),
    [
        ("203.0.113.9",          "203.0.113.9",         "203.0.113.0/24"),
        ("203.0.113.9:1234",     "203.0.113.9",         "203.0.113.0/24"),
        ("::ffff:203.0.113.9",   "203.0.113.9",         "203.0.113.0/24"),
        ("[::ffff:cb00:7109]:1", "203.0.113.9",         "203.0.113.0/24"),
        ("64:ff9b::cb00:7109",   "203.0.113.9",         "203.0.113.0/24"),
        ("2001:db8:1:2::9",      "2001:db8:1:2::/64",   "2001:db8:1::/48"),
        ("[2001:db8:1:2::9]:99", "2001:db8:1:2::/64",   "2001:db8:1::/48"),
        ("[2001:db8:1:2::9]",    "2001:db8:1:2::/64",   "2001:db8:1::/48"),
        ("fe80::1%eth0",         "fe80::/64",           "fe80::/48"),
        ("unknown",              "unknown",             "unknown"),
        ("",                     "",                    "unknown"),
        ("x" * 900,              "x" * 64,              "unknown"),
    ],
)  # fmt: skip
def test_one_subscriber_is_one_network_whatever_the_proxy_writes(address, network, told):
    assert network_of(address) == network
    assert truncated(network) == told


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("kim@example.org", "kim@example.org"),
        ("kim+a@example.org", "kim@example.org"),
        ("kim+a+b@example.org", "kim@example.org"),
        ("+a@example.org", "+a@example.org"),
    ],
)
def test_what_follows_a_plus_is_a_label_of_one_mailbox(email, mailbox):
    assert mailbox_of(email) == mailbox
