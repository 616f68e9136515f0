"""NVIDIA's client for the Open Inference Protocol: JSON and binary tensors."""

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

FLOWERS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])


@pytest.fixture
def client(server):
    with InferenceServerClient(server.url.removeprefix("http://")) as found:
        yield found


def tensor(values, *, binary, name="X"):
    given = InferInput(name, list(values.shape), "BYTES" if values.dtype == object else "FP64")
    given.set_data_from_numpy(values, binary_data=binary)
    return given


def test_it_learns_what_is_served(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert not client.is_model_ready("nothing")
    assert client.get_server_metadata()["name"] == "score-app"
    assert client.get_model_metadata("iris")["inputs"][0]["shape"] == [-1, 4]
    assert {each["name"]: each["state"] for each in client.get_model_repository_index()}["churn"] == "READY"


@pytest.mark.parametrize("out", [True, False])
@pytest.mark.parametrize("binary", [True, False])
def test_it_infers(binary, out, client):
    outputs = [InferRequestedOutput(name, binary_data=out) for name in ("predict", "predict_proba", "labels")]
    answer = client.infer("iris", [tensor(FLOWERS, binary=binary)], outputs=outputs, request_id="mine")
    assert answer.get_response()["id"] == "mine"
    assert answer.as_numpy("predict").tolist() == [0, 2]
    assert answer.as_numpy("predict_proba").shape == (2, 3)
    labels = [label.decode() if isinstance(label, bytes) else label for label in answer.as_numpy("labels")]
    assert labels == ["Iris-setosa", "Iris-virginica"]


def test_it_sends_compressed_bodies(client):
    answer = client.infer("iris", [tensor(FLOWERS, binary=True)], request_compression_algorithm="gzip")
    assert answer.as_numpy("predict").tolist() == [0, 2]


@pytest.mark.parametrize("binary", [True, False])
def test_it_sends_words_and_numbers_a_tensor_each(binary, client):
    columns = {
        "tenure_months": [2.0, 60.0], "monthly_charges": [95.0, 30.0], "support_calls": [5.0, 0.0],
        "contract": ["monthly", "two years"], "internet": ["fibre", "none"], "payment": ["card", "card"],
    }  # fmt: skip
    kinds = {name: object if isinstance(values[0], str) else float for name, values in columns.items()}
    inputs = [tensor(np.array(v, kinds[n]).reshape(2, 1), binary=binary, name=n) for n, v in columns.items()]
    answer = client.infer("churn", inputs).as_numpy("predict").tolist()
    assert [a.decode() if isinstance(a, bytes) else a for a in answer] == ["yes", "no"]


def test_a_client_learns_what_is_wrong(client):
    with pytest.raises(InferenceServerException, match=r"expected a tensor of shape \[-1, 4\], got \[2, 3\]"):
        client.infer("iris", [tensor(FLOWERS[:, :3], binary=True)])
    with pytest.raises(InferenceServerException, match="nothing does not exist"):
        client.infer("nothing", [tensor(FLOWERS, binary=True)])
