"""What a good engineer builds first: FastAPI with pydantic, and a copy of the model in ONNX Runtime."""

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.cells import Cell
from benchmarks.peers.onnx_copy import predict

app = FastAPI()


class Rows(BaseModel):
    X: list[list[Cell]]


class Scores(BaseModel):
    score: list[float | str]


@app.post("/score")
def score(rows: Rows) -> Scores:
    return Scores.model_construct(score=predict(rows.X))
