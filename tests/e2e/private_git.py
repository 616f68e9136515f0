"""A Git server that asks for a name and a token, in front of one that asks nobody: python private_git.py TARGET PORT.

It runs in the cluster, with the Python of our own image and nothing else.
"""

import base64
import http.client
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EXPECTED = "Basic " + base64.b64encode(f"git:{os.environ['TOKEN']}".encode()).decode()
KEPT = ("Content-Type", "Content-Encoding", "Git-Protocol", "Accept")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers["Authorization"] != EXPECTED:
            return self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you?\n")
        target = http.client.HTTPConnection(sys.argv[1], timeout=30)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        kept = {name: self.headers[name] for name in KEPT if self.headers[name]}
        target.request(self.command, self.path, body, kept)
        found = target.getresponse()
        return self.answer(found.status, [("Content-Type", found.headers["Content-Type"])], found.read())

    def do_POST(self):
        self.do_GET()

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
