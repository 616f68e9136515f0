"""KServe's own way for a custom predictor, over the same estimator."""

import os

import joblib
from kserve import Model, ModelServer


class Predictor(Model):
    def __init__(self) -> None:
        super().__init__("m")
        self.model = joblib.load(os.environ["MODEL_FILE"])
        self.ready = True

    def predict(self, payload, headers=None):
        return {"predictions": self.model.predict(payload["instances"]).tolist()}


if __name__ == "__main__":
    ModelServer(http_port=int(os.environ["PORT"]), workers=1, enable_grpc=False).start([Predictor()])
