"""Proxies and private certificate authorities."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from steelyard.errors import InputError, UnavailableError
from steelyard.subjects import FetchSettings, web
from tests.subjects.servers import Site


def certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a school's own CA")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "ca.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    bundle = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/", bundle
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_where_it_is_named(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    url, bundle = secure
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UnavailableError, match="name its bundle in SSL_CERT_FILE"):
        web.get(url, {})
    monkeypatch.setenv(variable, str(bundle))
    assert web.get(url, {}).body == b"hello"


def test_a_bundle_that_is_not_there_is_the_callers_mistake(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CERT", "/nowhere/ca.pem")
    with pytest.raises(InputError, match="PIP_CERT names no certificates"):
        web.get(secure[0], {})


def test_a_proxy_is_used_where_it_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/simple/"] = ("text/html", b"through the proxy")
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert web.get("http://index.example/simple/", {}).body == b"through the proxy"


def test_a_redirect_from_https_to_http_is_not_followed(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bundle = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))

    def moved(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.1:1/x")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    monkeypatch.setattr(Handler, "do_GET", moved)
    with pytest.raises(UnavailableError, match="leads to http://"):
        web.get(url, {})


def test_a_length_that_is_no_number_is_no_length(
    site: Site, tmp_path: Path, settings: FetchSettings
) -> None:
    site.pages["/x"] = ("application/octet-stream", b"hello")
    site.headers["Content-Length"] = "many"
    web.download(web.Parcel(url=f"{site.url}/x", what="x"), tmp_path / "x", settings)
    assert (tmp_path / "x").read_bytes() == b"hello"


def test_more_than_was_promised_is_not_written_to_the_disk(
    site: Site, tmp_path: Path, settings: FetchSettings
) -> None:
    site.pages["/x"] = ("application/octet-stream", bytes(20 << 20))
    parcel = web.Parcel(url=f"{site.url}/x", what="x", size=5)
    with pytest.raises(UnavailableError, match="longer than the 5 bytes promised"):
        web.download(parcel, tmp_path / "x", settings)
    assert sum(each.stat().st_size for each in tmp_path.rglob("x*")) <= 2 << 20
