"""A server that asks for a name and a password, in front of one that asks nobody: python asking_proxy.py TARGET PORT.

ACCESS is NAME:PASSWORD. It needs nothing but Python, since it runs in the cluster too.
"""

import base64
import http.client
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EXPECTED = "Basic " + base64.b64encode(os.environ["ACCESS"].encode()).decode()
ASKED = ("Content-Type", "Content-Encoding", "Git-Protocol", "Accept", "Range")
ANSWERED = ("Content-Type", "Content-Length", "Content-Range", "Docker-Content-Digest")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers["Authorization"] != EXPECTED:
            return self.answer(401, {"WWW-Authenticate": 'Basic realm="private"'}, b"who are you?\n")
        target = http.client.HTTPConnection(sys.argv[1], timeout=30)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        kept = {name: self.headers[name] for name in ASKED if self.headers[name]}
        target.request(self.command, self.path, body, kept)
        found = target.getresponse()
        headers = {name: found.headers[name] for name in ANSWERED if found.headers[name]}
        return self.answer(found.status, headers, found.read())

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        self.do_GET()

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


ThreadingHTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
