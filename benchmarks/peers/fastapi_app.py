"""A tutorial's FastAPI service, run by uvicorn."""

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.cells import Cell
from benchmarks.peers.estimator import predict

app = FastAPI()


class Rows(BaseModel):
    X: list[list[Cell]]


@app.post("/score")
def score(rows: Rows):
    return {"score": predict(rows.X)}
