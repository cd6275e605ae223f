"""Real HTTP servers on loopback, in a thread, for what downloads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Site:
    """Paths → bodies, and what was asked."""

    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    """Path → after how many bytes the connection breaks, once."""

    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every page."""

    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            site.asked.append((self.command, path, {k.lower(): v for k, v in self.headers.items()}))
            if path in site.moved:
                self.send_response(302)
                self.send_header("Location", site.moved[path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if path not in site.pages or path in site.status:
                self.send_response(site.status.get(path, 404))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(path)

        do_HEAD = do_GET  # noqa: N815 (the name that http.server calls)

        def _send(self, path: str) -> None:
            kind, body = site.pages[path]
            start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
            if start and start >= len(body):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) - start))
            for name, value in site.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            cut = site.cut.pop(path, None)
            self.wfile.write(body[start : start + cut] if cut is not None else body[start:])
            if cut is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
