"""A tutorial's Flask service; run by Flask's own server, or as benchmarks.peers.flask_app:app by gunicorn."""

import os

from flask import Flask, jsonify, request

from benchmarks.peers.estimator import predict

app = Flask(__name__)


@app.post("/score")
def score():
    return jsonify(score=predict(request.get_json()["X"]))


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))
