"""A tutorial's Flask service; run by Flask's own server, or as benchmarks.peers.flask_app:app by gunicorn."""

import os

import joblib
from flask import Flask, jsonify, request

app = Flask(__name__)
model = joblib.load(os.environ["MODEL_FILE"])


@app.post("/score")
def score():
    return jsonify(score=model.predict(request.get_json()["X"]).tolist())


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))
