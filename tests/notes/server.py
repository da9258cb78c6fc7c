"""A GitLab as far as notes need one: a real HTTP server that keeps state and answers in the shapes of its API.

The shapes are those of docs.gitlab.com/api/notes, /api/discussions and /api/merge_requests. Faults are set per
request: a status with headers, or what a sick server does.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ME, SOMEBODY = 41, 7
HEAD = "c0ffee" + "0" * 34
TOKEN = "glpat-zU8w1sTheTokenItself"
REQUEST = "/api/v4/projects/12/merge_requests/7"


@dataclass
class GitLab:
    """What the server holds, what it was asked, and what it does wrong."""

    url: str = ""
    head: str = HEAD
    """The commit that the diff ends at."""
    notes: list[dict[str, Any]] = field(default_factory=list)
    discussions: list[dict[str, Any]] = field(default_factory=list)
    added_lines: set[tuple[str, int]] = field(default_factory=set)
    """The lines of the merge request's diff."""
    faults: dict[str, list[Any]] = field(default_factory=dict)
    """By `METHOD last-part-of-the-path`: what happens to the next requests, one after the other."""
    asked: list[str] = field(default_factory=list)
    page: int = 100
    """Most per page, whatever a client asks for."""
    numbers: int = 100

    def note(self, body: str, author: int = ME, **more: Any) -> dict[str, Any]:
        """A note, as the API shows it."""
        self.numbers += 1
        return {
            "id": self.numbers,
            "type": None,
            "body": body,
            "author": {"id": author, "username": "bylaw-bot" if author == ME else "somebody", "state": "active"},
            "created_at": "2026-11-20T09:00:00.000Z",
            "system": False,
            "noteable_type": "MergeRequest",
            "noteable_iid": 7,
            "resolvable": False,
            **more,
        }

    def discussion(self, body: str, author: int = ME, **more: Any) -> dict[str, Any]:
        """A discussion of one note at a line of the diff."""
        first = self.note(body, author, type="DiffNote", **{"resolvable": True, "resolved": False, **more})
        return {"id": f"{first['id']:040x}", "individual_note": False, "notes": [first]}

    def answer(self, method: str, path: str, query: dict[str, list[str]], sent: Any) -> tuple[int, Any]:
        """The status and the body."""
        below = path.removeprefix(REQUEST)
        if path == "/api/v4/user":
            return 200, {"id": ME, "username": "bylaw-bot", "state": "active"}
        if not path.startswith(REQUEST):
            return 404, {"message": "404 Not found"}
        match method, below.split("/")[1:]:
            case "GET", []:
                return 200, {"iid": 7, "diff_refs": {"base_sha": "ba5e", "start_sha": "57a7", "head_sha": self.head}}
            case "GET", ["notes"]:
                return 200, self.notes
            case "GET", ["discussions"]:
                return 200, self.discussions
            case "POST", ["notes"]:
                self.notes.append(self.note(sent["body"]))
                return 201, self.notes[-1]
            case "PUT", ["notes", number]:
                (note,) = (each for each in self.notes if str(each["id"]) == number)
                note["body"] = sent["body"]
                return 200, note
            case "DELETE", ["notes", number]:
                self.notes = [each for each in self.notes if str(each["id"]) != number]
                return 204, None
            case "POST", ["discussions"]:
                place = sent["position"]
                if (place["new_path"], place["new_line"]) not in self.added_lines:
                    return 400, {"message": '400 Bad request - Note {:line_code=>["can\'t be blank"]}'}
                self.discussions.append(self.discussion(sent["body"], position=place))
                return 201, self.discussions[-1]
            case "PUT", ["discussions", number, *rest]:
                (found,) = (each for each in self.discussions if each["id"] == number)
                if rest:
                    found["notes"][0]["body"] = sent["body"]
                else:
                    found["notes"][0] |= {"resolved": sent["resolved"], "resolved_by": {"id": ME}}
                return 200, found
        return 404, {"message": "404 Not found"}


@contextmanager
def running(gitlab: GitLab) -> Iterator[GitLab]:
    """Serve it on loopback."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            pass

        def do(self) -> None:
            address = urlsplit(self.path)
            query = parse_qs(address.query)
            sent = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "null")
            name = f"{self.command} {address.path.removeprefix(REQUEST).removeprefix('/').removeprefix('api/v4/')}"
            gitlab.asked.append(name)
            faults = gitlab.faults.get(name.split("/")[0]) or []
            fault = faults.pop(0) if faults else None
            if fault == "hang":
                over.wait(60)
                return
            if fault == "drip":
                self.drip(over)
                return
            if fault == "cut off":
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if fault is not None:
                status, headers = fault if isinstance(fault, tuple) else (fault, {})
                self.reply(status, {"message": f"{status} {self.headers['private-token']}"}, headers)
                return
            if self.headers["private-token"] != TOKEN:
                self.reply(401, {"message": "401 Unauthorized"})
                return
            status, body = gitlab.answer(self.command, address.path, query, sent)
            headers = {}
            if isinstance(body, list):
                size = min(int(query["per_page"][0]), gitlab.page)
                number = int(query.get("page", ["1"])[0])
                start = (number - 1) * size
                if start + size < len(body):
                    more = f"{gitlab.url}{address.path}?page={number + 1}&per_page={size}"
                    headers = {"link": f'<{more}>; rel="next"'}
                body = body[start : start + size]
            self.reply(status, body, headers)

        do_GET = do_POST = do_PUT = do_DELETE = do

        def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            text = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for header, value in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(header, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def drip(self, over: threading.Event) -> None:
            """A byte every moment, so that no time-out between two of them is ever reached."""
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "100000")
            self.end_headers()
            end = time.monotonic() + 60
            while time.monotonic() < end and not over.wait(0.05):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gitlab.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield gitlab
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
