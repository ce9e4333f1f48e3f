#include "op.h"

#include <stdexcept>
#include <string>

namespace sohu {

Call::Call(TF_OpKernelContext* context)
    : context_(context), first_error_(TF_NewStatus()), status_(TF_NewStatus()), inputs_(TF_NumInputs(context), nullptr) {}

Call::~Call() {
  if (!ok()) TF_OpKernelContext_Failure(context_, first_error_);
  for (TF_Tensor* tensor : inputs_)
    if (tensor) TF_DeleteTensor(tensor);
  for (TF_Tensor* tensor : owned_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
  TF_DeleteStatus(first_error_);
}

void Call::check() {
  if (TF_GetCode(status_) != TF_OK && ok()) TF_SetStatus(first_error_, TF_GetCode(status_), TF_Message(status_));
}

TF_Tensor* Call::tensor(int i) {
  if (!inputs_[i]) {
    TF_GetInput(context_, i, &inputs_[i], status_);
    check();
  }
  return inputs_[i];
}

const void* Call::read(int i) {
  TF_Tensor* of = tensor(i);
  return of && TF_TensorElementCount(of) > 0 ? TF_TensorData(of) : nullptr;
}

int64_t Call::size(int i) {
  TF_Tensor* of = tensor(i);
  return of ? TF_TensorElementCount(of) : 0;
}

Shape Call::shape(int i) {
  Shape shape;
  if (TF_Tensor* of = tensor(i))
    for (int axis = 0; axis < TF_NumDims(of); axis++) shape.push_back(TF_Dim(of, axis));
  return shape;
}

void* Call::allocate(int i, TF_DataType type, size_t bytes, const Shape& shape) {
  size_t length = bytes;
  for (int64_t size : shape) length *= size;
  TF_Tensor* made = TF_AllocateOutput(context_, i, type, shape.data(), static_cast<int>(shape.size()), length, status_);
  check();
  if (!made) return nullptr;
  owned_.push_back(made);
  return length > 0 ? TF_TensorData(made) : nullptr;
}

float* Call::variable(int i, int64_t* length) {
  TF_Tensor* memory = nullptr;
  const auto copy = [](TF_OpKernelContext*, TF_Tensor* source, TF_Tensor* target) {
    std::memcpy(TF_TensorData(target), TF_TensorData(source), TF_TensorByteSize(source));
    TF_DeleteTensor(source);
    TF_DeleteTensor(target);
  };
  TF_GetInputTensorFromVariable(context_, i, false, false, false, copy, &memory, status_);
  check();
  if (!memory) return nullptr;
  owned_.push_back(memory);
  *length = TF_TensorElementCount(memory);
  return static_cast<float*>(TF_TensorData(memory));
}

void Call::require(bool condition, const char* message) {
  if (!condition && ok()) TF_SetStatus(first_error_, TF_INVALID_ARGUMENT, message);
}

namespace {
void check(TF_Status* status, const char* name) {
  const std::string message = TF_GetCode(status) == TF_OK ? "" : std::string(name) + ": " + TF_Message(status);
  TF_DeleteStatus(status);
  if (!message.empty()) throw std::runtime_error(message);
}
}  // namespace

void define(const Definition& definition) {
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(definition.name);
  for (const char* attribute : definition.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  for (const char* input : definition.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : definition.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  TF_OpDefinitionBuilderSetIsStateful(builder, true);  // a call is never folded or shared
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(builder, status);
  check(status, definition.name);
}

void implement(const char* op, void (*compute)(void*, TF_OpKernelContext*),
               std::initializer_list<std::pair<const char*, TF_DataType>> types) {
  TF_KernelBuilder* builder = TF_NewKernelBuilder(op, "CPU", nullptr, compute, nullptr);
  TF_Status* status = TF_NewStatus();
  std::string name = op;
  for (const auto& [attribute, type] : types) {
    TF_KernelBuilder_TypeConstraint(builder, attribute, type, status);
    name += type == TF_FLOAT ? "Float" : "Half";
  }
  TF_RegisterKernelBuilder(name.c_str(), builder, status);
  check(status, op);
}

}  // namespace sohu
