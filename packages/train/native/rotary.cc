// Bias and rotary positions in one pass (RoFormer, arXiv:2104.09864, section 3.4.2), and their gradients.
#include "columns.h"
#include "kernels.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

/** Adjacent numbers of each row as complex ones, (x₂ᵢ + bias₂ᵢ) + i (x₂ᵢ₊₁ + bias₂ᵢ₊₁), times `turns` of the row's position. */
template <typename T>
void bias_rotary(Call& call) {
  const Shape shape = call.shape(0);  // [batch, seq, width]
  const T* product = call.input<T>(0);
  const float* bias = call.input<float>(1);
  const float* turns = call.input<float>(2);  // [seq, width]: e^{i m θ}, real and imaginary parts in turn
  call.require(shape.size() == 3 && shape[2] % 2 == 0 && call.size(1) == shape[2] && 2 * call.size(2) == shape[1] * shape[2],
               "SohuBiasRotary: product must be [batch, seq, width], the bias [width], turns seq x width / 2 complex numbers");
  T* y = call.output<T>(0, shape);
  if (!call.ok() || !product) return;
  const int64_t seq = shape[1], width = shape[2];
  spans(shape[0] * seq, row_grain(width), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const T* x = product + row * width;
      const float* turn = turns + row % seq * width;
      T* to = y + row * width;
#pragma omp simd
      for (int64_t i = 0; i < width; i += 2) {
        const float real = widen(x[i]) + bias[i], imaginary = widen(x[i + 1]) + bias[i + 1];
        to[i] = narrowed<T>(real * turn[i] - imaginary * turn[i + 1]);
        to[i + 1] = narrowed<T>(real * turn[i + 1] + imaginary * turn[i]);
      }
    }
  });
}

/** dy [batch, seq, width] -> dproduct = dy turned back, dbias [width] = the sum of its rows. */
template <typename T>
void bias_rotary_grad(Call& call) {
  const Shape shape = call.shape(0);
  const T* dy = call.input<T>(0);
  const float* turns = call.input<float>(1);
  call.require(shape.size() == 3 && shape[2] % 2 == 0 && 2 * call.size(1) == shape[1] * shape[2],
               "SohuBiasRotaryGrad: dy must be [batch, seq, width], turns seq x width / 2 complex numbers");
  if (!call.ok()) return;
  const int64_t seq = shape[1], width = shape[2];
  T* dproduct = call.output<T>(0, shape);
  float* dbias = call.output<float>(1, {width});
  if (!call.ok() || !dy) return;
  column_sums(shape[0] * seq, width, dbias, [=](int64_t row, float* sums) {
    const T* d = dy + row * width;
    const float* turn = turns + row % seq * width;
    T* to = dproduct + row * width;
#pragma omp simd
    for (int64_t i = 0; i < width; i += 2) {
      const float real = widen(d[i]) * turn[i] + widen(d[i + 1]) * turn[i + 1];
      const float imaginary = widen(d[i + 1]) * turn[i] - widen(d[i]) * turn[i + 1];
      to[i] = narrowed<T>(real);
      to[i + 1] = narrowed<T>(imaginary);
      sums[i] += real;
      sums[i + 1] += imaginary;
    }
  });
}

}  // namespace

void register_rotary() {
  define({"SohuBiasRotary", {"product: T", "bias: float", "turns: complex64"}, {"y: T"}, {"T: {float, bfloat16}"}});
  implement("SohuBiasRotary", compute<bias_rotary<float>>, {{"T", TF_FLOAT}});
  implement("SohuBiasRotary", compute<bias_rotary<bfloat16>>, {{"T", TF_BFLOAT16}});
  define({"SohuBiasRotaryGrad", {"dy: T", "turns: complex64"}, {"dproduct: T", "dbias: float"}, {"T: {float, bfloat16}"}});
  implement("SohuBiasRotaryGrad", compute<bias_rotary_grad<float>>, {{"T", TF_FLOAT}});
  implement("SohuBiasRotaryGrad", compute<bias_rotary_grad<bfloat16>>, {{"T", TF_BFLOAT16}});
}

}  // namespace sohu
