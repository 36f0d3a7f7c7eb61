"""Calls to other systems: where they may go, whom they trust, how long they may take."""

import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
import trustme

from mentorship.adapters import webhook_client as hooks_module
from mentorship.adapters.webhook_client import NoAnswer, WebhookClient
from mentorship.domain.shared.delivery_problems import Problem

BODY = b'{"a": 1}'


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_an_address_that_is_not_public_is_not_even_connected_to(receiver, host):
    with pytest.raises(NoAnswer, match="is not at a public address") as failed:
        WebhookClient().post(f"http://{host}:{receiver.port}/", BODY, {})
    assert failed.value.problem is Problem.NOT_PUBLIC
    assert receiver.calls == []


@pytest.mark.parametrize(
    "address",
    ["http://{}/", "http://{}:443/", "https://{}:22/", "https://{}:8080/a", "https://{}:80"],
)
def test_production_calls_https_at_two_ports_alone(monkeypatch, address):
    monkeypatch.setattr(hooks_module.socket, "getaddrinfo", pytest.fail)

    with pytest.raises(NoAnswer, match=r"Only https is called, at the ports 443 and 8443\."):
        WebhookClient(is_production=True).post(address.format("hooks.example.org"), BODY, {})


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_production_goes_on_to_the_address_where_scheme_and_port_are_right(port):
    with pytest.raises(NoAnswer, match="is not at a public address"):
        WebhookClient(is_production=True).post(f"https://127.0.0.1{port}/", BODY, {})


def test_a_name_that_leads_elsewhere_when_asked_again_leads_nowhere_else(monkeypatch, receiver):
    asked = []

    def resolve(host, port, **_options):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    real = socket.create_connection
    connected = []

    def connect(address, *args, **kwargs):
        connected.append(address)
        monkeypatch.setattr(socket, "getaddrinfo", found)
        return real(address, *args, **kwargs)

    found = socket.getaddrinfo
    monkeypatch.setattr(hooks_module.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(hooks_module.socket, "create_connection", connect)
    url = f"http://rebind.example.org:{receiver.port}/"
    assert WebhookClient(loopback=True).post(url, BODY, {}) == 204
    assert asked == ["rebind.example.org"]
    assert connected == [("127.0.0.1", receiver.port)]
    assert receiver.calls[0].headers["host"] == f"rebind.example.org:{receiver.port}"


def test_an_answer_that_drips_is_cut_off(receiver):
    receiver.drips = 0.05
    with pytest.raises(NoAnswer) as failed:
        WebhookClient(loopback=True, timeout=0.5).post(receiver.url(), BODY, {})
    assert failed.value.problem is Problem.TIMEOUT


@contextmanager
def a_tls_server(certificate, *, greets):
    """Takes one connection; where it `greets`, with a handshake and a 200."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            raw, _ = server.accept()
            said = b""
            with raw:
                if not greets:
                    done.wait(30)
                    return
                try:
                    with context.wrap_socket(raw, server_side=True) as tls:
                        while not said.endswith(BODY):
                            said += tls.recv(65536)
                        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                except ssl.SSLError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()


@pytest.fixture
def authority(monkeypatch):
    """A certificate authority that calls trust."""
    made = trustme.CA()
    trusted = ssl.create_default_context()
    made.configure_trust(trusted)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    return made


def test_a_certificate_is_checked_against_the_name(authority):
    right, wrong = authority.issue_cert("localhost"), authority.issue_cert("other.example.org")
    hooks = WebhookClient(loopback=True)
    with a_tls_server(right, greets=True) as port:
        assert hooks.post(f"https://localhost:{port}/", BODY, {}) == 200
    with (
        a_tls_server(wrong, greets=True) as port,
        pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED") as failed,
    ):
        hooks.post(f"https://localhost:{port}/", BODY, {})
    assert failed.value.problem is Problem.TLS


def test_a_server_that_never_shakes_hands_is_cut_off(authority):
    certificate = authority.issue_cert("localhost")
    with a_tls_server(certificate, greets=False) as port, pytest.raises(NoAnswer) as failed:
        WebhookClient(loopback=True, timeout=0.3).post(f"https://localhost:{port}/", BODY, {})
    assert failed.value.problem is Problem.TIMEOUT


@pytest.mark.parametrize("port", [1, 0])
def test_a_port_where_nobody_listens_is_a_failure_in_words(port):
    with pytest.raises(NoAnswer) as failed:
        WebhookClient(loopback=True).post(f"http://127.0.0.1:{port or 9}/", BODY, {})
    assert failed.value.problem is Problem.NOT_LISTENING


def test_a_name_that_is_not_there_is_a_failure_in_words():
    with pytest.raises(NoAnswer) as failed:
        WebhookClient(loopback=True).post("http://hooks.invalid/", BODY, {})
    assert failed.value.problem is Problem.NAME_UNKNOWN
