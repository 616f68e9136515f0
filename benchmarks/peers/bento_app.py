"""BentoML as its quickstart shows it."""

import os

import bentoml
import joblib


@bentoml.service(traffic={"timeout": 30})
class Score:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL_FILE"])

    @bentoml.api
    def score(self, X: list[list[float]]) -> dict:
        return {"score": self.model.predict(X).tolist()}
