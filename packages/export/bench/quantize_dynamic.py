"""The peer: onnxruntime.quantization.quantize_dynamic on our fp32 file, int8 weights per column. Arguments: fp32 file, output file."""
import sys

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

quantize_dynamic(
    sys.argv[1], sys.argv[2], per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gather"],
    extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
)
