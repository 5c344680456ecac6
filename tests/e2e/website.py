"""A small website beside Keytalk's: pages that are put up as text, served from an origin of their own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.processes import free_port


class Website:
    """Serves `pages`, by path. `origin` is on Keytalk's list in these tests, `stranger` is the same site unlisted."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), self._handler())
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.stranger = f"http://localhost:{self._server.server_port}"

    def put_up(self, path: str, body: str) -> str:
        """Put up a page and give its address."""
        self.pages[path] = f'<!doctype html><html lang="en"><title>Our website</title><body>{body}</body></html>'
        return self.origin + path

    def __enter__(self) -> Website:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                body = (page or "").encode()
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
