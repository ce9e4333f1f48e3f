"""Stands in for Triton's ONNX Runtime backend, which PyPI's build of Triton lacks: runs 1/model.onnx as the configuration says."""
import os

import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    def initialize(self, args):
        path = os.path.join(args['model_repository'], args['model_version'], 'model.onnx')
        self.session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
        self.names = [output.name for output in self.session.get_outputs()]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        feeds = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        outputs = self.session.run(self.names, feeds)
        return triton.InferenceResponse([triton.Tensor(*pair) for pair in zip(self.names, outputs)])
