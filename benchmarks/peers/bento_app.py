"""BentoML as its quickstart shows it."""

import bentoml
import numpy as np

from benchmarks.peers.cells import Cell

Rows = np.ndarray if Cell is float else list[list[Cell]]


@bentoml.service(traffic={"timeout": 30})
class Score:
    def __init__(self) -> None:
        from benchmarks.peers.estimator import predict

        self.predict = predict

    @bentoml.api
    def score(self, X: Rows) -> dict:
        return {"score": self.predict(X)}
