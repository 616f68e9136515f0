"""A tutorial's FastAPI service, run by uvicorn."""

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.estimator import predict

app = FastAPI()


class Rows(BaseModel):
    X: list[list[float | str | None]]


@app.post("/score")
def score(rows: Rows):
    return {"score": predict(rows.X)}
