"""KServe's own way for a custom predictor, over the same estimator."""

import os

from kserve import Model, ModelServer

from benchmarks.peers.estimator import predict


class Predictor(Model):
    def __init__(self) -> None:
        super().__init__("m")
        self.ready = True

    def predict(self, payload, headers=None):
        return {"predictions": predict(payload["instances"])}


if __name__ == "__main__":
    ModelServer(http_port=int(os.environ["PORT"]), workers=1, enable_grpc=False).start([Predictor()])
