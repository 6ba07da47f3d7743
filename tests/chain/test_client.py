import gzip
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chain.client import LARGEST_ANSWER, Node, site_node
from chain.errors import AnswerTooLarge, NodeRefused
from curation.accounts.wallets import NodeUnreachable

from .nodes import call, http, listener, result


def test_answer_past_a_megabyte_is_not_read_on():
    sent = []

    def flood(stream, request):
        stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1000):
            stream.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            sent.append(65536)

    with listener(flood) as node, pytest.raises(AnswerTooLarge):
        call(node.url, private=True)
    time.sleep(0.2)
    assert sum(sent) < 20 * LARGEST_ANSWER


def test_answer_of_nearly_a_megabyte_is_read():
    with listener(lambda s, r: s.sendall(http(result(r, "x" * 990_000)))) as node:
        assert len(call(node.url, private=True)) == 990_000


def test_compressed_answer_is_refused():
    def bomb(stream, request):
        stream.sendall(http(gzip.compress(bytes(10**8)), "200 OK", "Content-Encoding: gzip"))

    with listener(bomb) as node, pytest.raises(AnswerTooLarge):
        call(node.url, private=True)


@pytest.mark.parametrize("part", ["headers", "body", "chunks"])
def test_answer_in_drops_is_given_up(monkeypatch, part):
    """Each drop comes within the time of one read, all of them do not."""
    monkeypatch.setattr("chain.connections.TOTAL_S", 0.6)
    drops = {
        "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"),
        "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    }[part]

    def drip(stream, request):
        stream.sendall(drops[0])
        for _ in range(50):
            stream.sendall(drops[1])
            time.sleep(0.1)

    begin = time.monotonic()
    with listener(drip) as node, pytest.raises(NodeUnreachable):
        call(node.url, private=True)
    assert time.monotonic() - begin < 1.5


def test_errors_of_the_node_keep_code_message_and_data(anvil):
    with pytest.raises(NodeRefused, match="Method not found") as caught:
        anvil.node.call("eth_noSuchThing")
    assert caught.value.code == -32601
    useless = anvil.deploy("UselessFactory")
    with pytest.raises(NodeRefused, match="closed") as caught:
        anvil.ask(useless, "UselessFactory", "refuse")
    assert str(caught.value.data).startswith("0x08c379a0")


def test_connections_are_kept_and_replaced_when_the_node_dropped_them(anvil):
    assert {anvil.node.call("eth_chainId") for _ in range(20)} == {"0x7a69"}
    with listener(lambda s, r: s.sendall(http(result(r, "0x1")))) as node:
        client = Node(node.url, chain_id=1, private=True)
        assert [client.call("eth_chainId") for _ in range(3)] == ["0x1"] * 3


def test_site_node_is_the_one_the_settings_name(settings):
    assert site_node() is site_node()
    site_node().check_chain()
    settings.CHAIN_ID = 1
    with pytest.raises(NodeUnreachable, match="not 1"):
        site_node().check_chain()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_tls_is_checked_against_the_name_and_the_system_s_authorities(certificate, monkeypatch):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)

    def wrap(connection):
        return server.wrap_socket(connection, server_side=True)

    with listener(lambda s, r: s.sendall(http(result(r, "0x1"))), wrap) as node:
        with pytest.raises(NodeUnreachable):
            call(f"https://localhost:{node.port}", private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert call(f"https://localhost:{node.port}", private=True) == "0x1"
        with pytest.raises(NodeUnreachable):
            call(f"https://127.0.0.1:{node.port}", private=True)
