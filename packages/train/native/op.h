// What every kernel needs: numbers of either width, the inputs and outputs of a call, and registration with TensorFlow's C API.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/kernels_experimental.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace sohu {

/** The upper half of a float32: 8 bits of exponent, 7 of fraction. */
struct bfloat16 {
  uint16_t bits;
};

inline float widen(float x) { return x; }
inline float widen(bfloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <typename T>
T narrowed(float x);
template <>
inline float narrowed<float>(float x) {
  return x;
}
/** Rounds to nearest, ties to even. A NaN that the processor makes stays one. */
template <>
inline bfloat16 narrowed<bfloat16>(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return {static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

template <typename T>
constexpr TF_DataType type_of();
template <>
constexpr TF_DataType type_of<float>() {
  return TF_FLOAT;
}
template <>
constexpr TF_DataType type_of<bfloat16>() {
  return TF_BFLOAT16;
}
template <>
constexpr TF_DataType type_of<bool>() {
  return TF_BOOL;
}

using Shape = std::vector<int64_t>;

/** One call of a kernel. Tensors that it hands out live until it ends. */
class Call {
 public:
  explicit Call(TF_OpKernelContext* context);
  ~Call();
  Call(const Call&) = delete;

  /** Data of input `i`; nullptr where it is empty, which stands for "none". */
  template <typename T>
  const T* input(int i) {
    return static_cast<const T*>(read(i));
  }
  int64_t size(int i);
  Shape shape(int i);
  int inputs() const { return TF_NumInputs(context_); }
  TF_DataType type(int i) const { return TF_InputDatatype(context_, i); }

  /** Memory of output `i`; nullptr for an empty shape. */
  template <typename T>
  T* output(int i, const Shape& shape) {
    return static_cast<T*>(allocate(i, type_of<T>(), sizeof(T), shape));
  }

  /** The memory of the resource variable that input `i` is a handle of, to be changed in place; `length` receives its elements. */
  float* variable(int i, int64_t* length);

  /** False once TensorFlow refused something, or `require` failed: the kernel must return then. */
  bool ok() const { return TF_GetCode(first_error_) == TF_OK; }
  void require(bool condition, const char* message);

 private:
  TF_Tensor* tensor(int i);
  const void* read(int i);
  void* allocate(int i, TF_DataType type, size_t bytes, const Shape& shape);

  /** Keeps the error of the last call of the C API, which overwrites its status each time. */
  void check();

  TF_OpKernelContext* context_;
  TF_Status* first_error_;
  TF_Status* status_;
  std::vector<TF_Tensor*> inputs_;
  std::vector<TF_Tensor*> owned_;
};

/** An operation as TensorFlow's registry wants it: `"x: T"`, `"T: {float, bfloat16}"`. */
struct Definition {
  const char* name;
  std::initializer_list<const char*> inputs;
  std::initializer_list<const char*> outputs;
  std::initializer_list<const char*> attributes = {};
};

void define(const Definition& definition);

/** Registers a kernel for the CPU; `types` bind attributes of the definition. */
void implement(const char* op, void (*compute)(void*, TF_OpKernelContext*),
               std::initializer_list<std::pair<const char*, TF_DataType>> types = {});

template <void run(Call&)>
void compute(void*, TF_OpKernelContext* context) {
  Call call(context);
  run(call);
}

}  // namespace sohu
