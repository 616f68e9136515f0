"""MLServer's types, codecs and command line."""

import json
import subprocess

from tests.helpers.clients import client_python, run_client

PROGRAM = """
import json, sys, urllib.request
import numpy as np, pandas as pd
from mlserver.codecs import NumpyRequestCodec, PandasCodec, NumpyCodec, StringCodec
from mlserver.types import InferenceResponse, MetadataModelResponse, RepositoryIndexResponse

def call(path, request=None):
    body = None if request is None else request.model_dump_json(exclude_none=True).encode()
    sent = urllib.request.Request(sys.argv[1] + path, body, {"Content-Type": "application/json"})
    return urllib.request.urlopen(sent).read()

rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
answer = InferenceResponse.model_validate_json(call("/v2/models/iris/infer", NumpyRequestCodec.encode_request(rows)))
frame = PandasCodec.encode_request(pd.DataFrame(rows, columns=names))
framed = InferenceResponse.model_validate_json(call("/v2/models/iris/infer", frame))
churn = pd.DataFrame({"tenure_months": [2.0], "monthly_charges": [95.0], "support_calls": [5.0],
                      "contract": ["monthly"], "internet": ["fibre"], "payment": ["card"]})
# MLServer does not know the strings of pandas 3 yet.
churn = churn.astype({name: object for name in ("contract", "internet", "payment")})
mixed = InferenceResponse.model_validate_json(call("/v2/models/churn/infer", PandasCodec.encode_request(churn)))
about = MetadataModelResponse.model_validate_json(call("/v2/models/iris"))
print(json.dumps({
    "numpy": NumpyCodec.decode_output(answer.outputs[0]).ravel().tolist(),
    "pandas": NumpyCodec.decode_output(framed.outputs[0]).ravel().tolist(),
    "mixed": [str(each) for each in StringCodec.decode_output(mixed.outputs[0])],
    "about": about.name,
}))
"""


def test_types_and_codecs(server):
    found = json.loads(run_client("mlserver", PROGRAM, server.url))
    assert found == {"numpy": [0, 2], "pandas": [0, 2], "mixed": ["yes"], "about": "iris"}


def test_command_line(server, tmp_path):
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    lines = [json.dumps({"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP64", "data": row}]}) for row in rows]
    (tmp_path / "in").write_text("\n".join(lines) + "\n")
    command = [client_python("mlserver").with_name("mlserver"), "infer", "-u", server.url.removeprefix("http://")]
    more = ["-m", "iris", "-i", tmp_path / "in", "-o", tmp_path / "out", "-s", "1"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    # It writes them as they come.
    assert sorted(each["outputs"][0]["data"] for each in answers) == [[0], [2]]
