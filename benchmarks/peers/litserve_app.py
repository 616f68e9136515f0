"""LitServe as its README shows it."""

import os

import litserve as ls


class Api(ls.LitAPI):
    def setup(self, device):
        from benchmarks.peers.estimator import predict

        self.ask = predict

    def decode_request(self, request):
        return request["X"]

    def predict(self, rows):
        return self.ask(rows)

    def encode_response(self, answer):
        return {"score": answer}


if __name__ == "__main__":
    ls.LitServer(Api(), accelerator="cpu").run(port=int(os.environ["PORT"]), generate_client_file=False)
