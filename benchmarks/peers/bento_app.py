"""BentoML as its quickstart shows it."""

import bentoml


@bentoml.service(traffic={"timeout": 30})
class Score:
    def __init__(self) -> None:
        from benchmarks.peers.estimator import predict

        self.predict = predict

    @bentoml.api
    def score(self, X: list[list[float | str | None]]) -> dict:
        return {"score": self.predict(X)}
