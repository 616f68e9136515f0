"""The limit: read the body, answer a constant, on the same granian in the same way as ours."""

import os

from api.settings import Settings
from api.transport.server import serve


def app(environ, start_response):
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"score":[0]}']


if __name__ == "__main__":
    # A constant needs nobody to wait for: it is fastest with few threads, and a limit is measured at its best.
    serve(app, Settings(host="127.0.0.1", port=int(os.environ["PORT"]), threads=4), lambda: None, lambda _: None)
