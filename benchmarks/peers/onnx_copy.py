"""A compiled copy of the estimator behind a session of ONNX Runtime, as a good engineer would use it."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(string)": np.object_}
_options = onnxruntime.SessionOptions()
_options.intra_op_num_threads = _options.inter_op_num_threads = 1
_session = onnxruntime.InferenceSession(
    Path(os.environ["MODEL_FILE"]).with_name("model.onnx"), _options, providers=["CPUExecutionProvider"]
)
_inputs = [(each.name, _TYPES[each.type]) for each in _session.get_inputs()]
_output = [_session.get_outputs()[0].name]


def predict(rows):
    if len(_inputs) == 1:
        ((name, dtype),) = _inputs
        feed = {name: np.array(rows, dtype)}
    else:
        columns = zip(*rows, strict=True)
        feed = {
            name: np.array(column, dtype).reshape(-1, 1) for (name, dtype), column in zip(_inputs, columns, strict=True)
        }
    return _session.run(_output, feed)[0].ravel().tolist()
