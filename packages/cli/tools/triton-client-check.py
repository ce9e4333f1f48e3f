"""Asks a server with Triton's client of the open inference protocol; prints what the client understood as one line of JSON.

Standard input: {"url": "127.0.0.1:8080", "model", "task", "key", "a": [...], "b": [...]}
"""

import json
import sys

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

asked = json.load(sys.stdin)
model, task = asked["model"], asked["task"]
headers = {"Authorization": "Bearer " + asked["key"]}
client = InferenceServerClient(asked["url"])


def tensors(column=False, binary=True, names=("a", "b")):
    inputs = []
    for name, texts in zip(names, (asked["a"], asked["b"])):
        array = np.array([text.encode("utf-8") for text in texts], dtype=np.object_)
        if column:
            array = array.reshape(-1, 1)
        inputs.append(InferInput(name, list(array.shape), "BYTES").set_data_from_numpy(array, binary_data=binary))
    return inputs


def infer(inputs, **options):
    # A copy, since the client writes the length of the JSON into the headers that it is given.
    options = {"parameters": {"task": task}, "headers": dict(headers), **options}
    return client.infer(model, inputs, **options)


def arrays(result):
    return {output["name"]: result.as_numpy(output["name"]).tolist() for output in result.get_response()["outputs"]}


def refusal(ask):
    try:
        ask()
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


metadata = client.get_model_metadata(model, headers=headers)
version = metadata["versions"][0]
one = [InferRequestedOutput("score", binary_data=False), InferRequestedOutput("truncated", binary_data=True)]
by_version = infer(tensors(), model_version=version, request_id="r-7")
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "modelReady": client.is_model_ready(model, headers=headers),
            "versionReady": client.is_model_ready(model, version, headers=headers),
            "otherReady": client.is_model_ready("other", headers=headers),
            "server": client.get_server_metadata(headers=headers),
            "metadata": metadata,
            "binary": arrays(infer(tensors())),
            "json": arrays(infer(tensors(binary=False), outputs=[InferRequestedOutput("score", binary_data=False)])),
            "column": arrays(infer(tensors(column=True, binary=False))),
            "mixed": arrays(infer(tensors(), outputs=one)),
            "byVersion": {**by_version.get_response(), "outputs": arrays(by_version)},
            "async": arrays(
                client.async_infer(model, tensors(), parameters={"task": task}, headers=dict(headers)).get_result()
            ),
            "refusals": {
                "task": refusal(lambda: infer(tensors(), parameters={"task": "C-ll"})),
                "input": refusal(lambda: infer(tensors(names=("a", "c")))),
                "output": refusal(lambda: infer(tensors(), outputs=[InferRequestedOutput("vector")])),
                "classes": refusal(lambda: infer(tensors(), outputs=[InferRequestedOutput("score", class_count=2)])),
                "gzip": refusal(lambda: infer(tensors(), request_compression_algorithm="gzip")),
                "model": refusal(lambda: client.get_model_metadata("other", headers=headers)),
                "version": refusal(lambda: infer(tensors(), model_version="2")),
                "key": refusal(lambda: infer(tensors(), headers={})),
            },
        }
    )
)
