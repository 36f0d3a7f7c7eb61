"""Which URLs are taken, and how a host is written; neither depends on the Python that runs it."""

import pytest

from mentorship.domain.shared.urls import ipv6_host, split_url


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://::1]",
        "http://[::1]x:80",
        "http://x[::1]",
        "http://[::1][::1]",
        "http://[x]",
        "http://[v1.a]",
        "http://[1.2.3.4]",
        "http://[]",
        "http://h:abc",
        "http://h:99999",
    ],
)
def test_no_python_takes_these_for_urls(url):
    with pytest.raises(ValueError):  # noqa: PT011 - the wording is the standard library's.
        split_url(url)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://[::1]", "::1", None),
        ("http://[::1]:80/a?b=c", "::1", 80),
        ("smtp://kim:secret@[2001:db8::7]:25", "2001:db8::7", 25),
        ("redis://h:6379/0", "h", 6379),
        ("https://example.org/[a]", "example.org", None),
    ],
)
def test_a_url_is_split_into_its_parts(url, host, port):
    parts = split_url(url)

    assert (parts.hostname, parts.port) == (host, port)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("2001:DB8:0:0::7", "[2001:db8::7]"),
        ("::1", "[::1]"),
        ("::ffff:192.0.2.7", "[::ffff:c000:207]"),
        ("::ffff:c000:207", "[::ffff:c000:207]"),
        ("::ffff:0.0.0.1", "[::ffff:0:1]"),
    ],
)
def test_an_ipv6_host_is_written_as_browsers_do(address, host):
    assert ipv6_host(address) == host
