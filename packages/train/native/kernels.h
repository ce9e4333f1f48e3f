#pragma once

namespace sohu {

/** Raised with every operation that is new or takes other inputs. `src/autograd/fused/native.ts` has the same: it uses no others. */
constexpr int kVersion = 2;

/** Each registers the operations and kernels of one file; they throw std::runtime_error where TensorFlow refuses one. */
void register_adam();
void register_branch();
void register_dropout();
void register_gelu();
void register_norm();
void register_rotary();
void register_softmax();
void register_sum();

}  // namespace sohu
