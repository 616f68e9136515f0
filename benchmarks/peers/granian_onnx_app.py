"""What a good engineer builds for speed: a bare WSGI function on granian, and a copy of the model in ONNX Runtime."""

import orjson

from benchmarks.peers.onnx_copy import predict


def app(environ, start_response):
    rows = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["X"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [orjson.dumps({"score": predict(rows)})]
