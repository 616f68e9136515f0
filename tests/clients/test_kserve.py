"""KServe's own client, in both protocols."""

import json

from tests.helpers.clients import run_client

PROGRAM = """
import asyncio, json, sys
from urllib.request import Request, urlopen
import numpy as np
from cloudevents.http import CloudEvent, from_http, to_binary, to_structured
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

async def ask(url):
    v1 = InferenceRESTClient(RESTConfig(protocol="v1"))
    v2 = InferenceRESTClient(RESTConfig(protocol="v2"))
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    found = {"v1": (await v1.infer(url, {"instances": rows}, model_name="iris"))["predictions"]}
    found["live"] = await v2.is_server_live(url)
    found["ready"] = [await v2.is_server_ready(url), await v2.is_model_ready(url, "iris")]
    for name, binary in (("json", False), ("binary", True)):
        tensor = InferInput("X", [2, 4], "FP64")
        tensor.set_data_from_numpy(np.array(rows), binary_data=binary)
        request = InferRequest("iris", [tensor], parameters={"binary_data_output": binary})
        answer = await v2.infer(url, request, model_name="iris")
        found[name] = answer.outputs[0].as_numpy().tolist()
    event = CloudEvent({"source": "a-client", "type": "a.request"}, {"instances": rows})
    for name, form in (("event", to_binary), ("event in JSON", to_structured)):
        headers, body = form(event)
        with urlopen(Request(f"{url}/v1/models/iris:predict", body, headers)) as answer:
            got = from_http(dict(answer.headers), answer.read())
        found[name] = [got["type"], got["source"], got.data["predictions"]]
    print(json.dumps(found))

asyncio.run(ask(sys.argv[1]))
"""


def test_both_protocols(server):
    found = json.loads(run_client("kserve", PROGRAM, server.url))
    event = ["io.kserve.inference.response", "io.kserve.inference.iris", [0, 2]]
    assert found == {
        "v1": [0, 2], "live": True, "ready": [True, True], "json": [0, 2], "binary": [0, 2],
        "event": event, "event in JSON": event,
    }  # fmt: skip
