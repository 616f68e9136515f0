"""What an honest caller sends: rows of a usual kind, just under the largest body, by every protocol."""

import json

from tests.hostile_callers import wire
from tests.hostile_callers.service import MAX_BODY, MAX_ROWS

JSON = "application/json"
ROW = [5.1, 3.5, 1.4, 0.2]
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


def _repeated(before, element, after, separator=","):
    """Return a body of as many elements as are allowed."""
    room = MAX_BODY - len(before) - len(after)
    number = min((room + len(separator)) // (len(element) + len(separator)), MAX_ROWS)
    return (before + separator.join([element] * number) + after).encode(), number


def _listed(before, after="]}"):
    return _repeated(before, json.dumps(ROW), after)[0]


def _records(before, after="]}"):
    return _repeated(before, json.dumps(dict(zip(NAMES, ROW, strict=True))), after)[0]


def _tensor():
    flat = json.dumps(ROW)[1:-1]
    number = min((MAX_BODY - 200) // (len(flat) + 1), MAX_ROWS)
    before = f'{{"inputs":[{{"name":"X","shape":[{number},4],"datatype":"FP64","data":['
    return (before + ",".join([flat] * number) + "]}]}").encode()


def requests():
    """Return the path, the content type and the body of each protocol."""
    csv, _ = _repeated(",".join(NAMES) + "\n", "5.1,3.5,1.4,0.2", "\n", "\n")
    csv = csv[: MAX_BODY - 200].rpartition(b"\n")[0] + b"\n"
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n' + csv + b"\r\n--x--\r\n"
    split = f'{{"dataframe_split":{{"columns":{json.dumps(NAMES)},"data":['
    event = '{"specversion":"1.0","id":"1","type":"a","source":"b","data":{"instances":['
    multipart = "multipart/form-data; boundary=x"
    return {
        "score": ("/score", JSON, _listed('{"X":[')),
        "score by name": ("/score", JSON, _records('{"X":[')),
        "predict": ("/predict", JSON, _listed('{"data":[')),
        "predict_file": ("/predict_file", "text/csv", csv),
        "predict_file multipart": ("/predict_file", multipart, form),
        "batch": ("/batch?model=iris", multipart, form),
        "v1": ("/v1/models/iris:predict", JSON, _listed('{"instances":[')),
        "v2": ("/v2/models/iris/infer", JSON, _tensor()),
        "invocations split": ("/invocations", JSON, _listed(split, "]}}")),
        "invocations records": ("/invocations", JSON, _records('{"dataframe_records":[')),
        "invocations csv": ("/invocations", "text/csv", csv),
        "cloudevents": ("/v1/models/iris:predict", "application/cloudevents+json", _listed(event, "]}}")),
    }


def contents():
    """Return all bytes of each request."""
    return {name: wire.request(path, {"Content-Type": kind}, body) for name, (path, kind, body) in requests().items()}
