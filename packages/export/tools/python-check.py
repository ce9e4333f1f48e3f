"""Checks ONNX files with onnx.checker and runs them with Python's onnxruntime.

Reads one JSON object from standard input: {"files": [path], "token_ids": [[..]], "segment_ids": [[..]], "task_ids": [..]}.
Prints {path: logits}, each [batch][2].
"""
import json
import sys

import numpy
import onnx
import onnxruntime

request = json.load(sys.stdin)
feeds = {name: numpy.array(request[name], dtype=numpy.int32) for name in ("token_ids", "segment_ids", "task_ids")}
logits = {}
for path in request["files"]:
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    logits[path] = session.run(["logits"], feeds)[0].tolist()
json.dump(logits, sys.stdout)
