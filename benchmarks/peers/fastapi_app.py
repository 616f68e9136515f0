"""A tutorial's FastAPI service, run by uvicorn."""

import os

import joblib
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL_FILE"])


class Rows(BaseModel):
    X: list[list[float]]


@app.post("/score")
def score(rows: Rows):
    return {"score": model.predict(rows.X).tolist()}
