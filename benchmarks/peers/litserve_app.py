"""LitServe as its README shows it."""

import os

import joblib
import litserve as ls


class Api(ls.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.environ["MODEL_FILE"])

    def decode_request(self, request):
        return request["X"]

    def predict(self, rows):
        return self.model.predict(rows)

    def encode_response(self, answer):
        return {"score": answer.tolist()}


if __name__ == "__main__":
    ls.LitServer(Api(), accelerator="cpu").run(port=int(os.environ["PORT"]), generate_client_file=False)
