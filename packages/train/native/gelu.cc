// Bias and exact GELU in one pass (arXiv:1606.08415, section 2), with the derivative that the backward pass multiplies by.
#include <algorithm>

#include "columns.h"
#include "kernels.h"
#include "math.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

/** product [rows, width], bias [width] -> y = x Φ(x) and slope = Φ(x) + x φ(x) of x = product + bias. */
template <typename T>
void bias_gelu(Call& call) {
  const auto shape = call.shape(0);
  const T* product = call.input<T>(0);
  const float* bias = call.input<float>(1);
  const int64_t width = call.size(1);
  call.require(width > 0 && shape.back() == width, "SohuBiasGelu: the bias must have as many elements as a row");
  T* y = call.output<T>(0, shape);
  T* slope = call.output<T>(1, shape);
  if (!call.ok() || !product) return;
  const int64_t rows = call.size(0) / width;
  spans(rows, row_grain(width), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * width;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) {
        const float x = widen(product[at + i]) + bias[i];
        const float distribution = normal_distribution(x);
        y[at + i] = narrowed<T>(x * distribution);
        slope[at + i] = narrowed<T>(distribution + x * normal_density(x));
      }
    }
  });
}

/** dy and slope [rows, width] -> dproduct = dy slope, dbias [width] = the sum of its rows. */
template <typename T>
void bias_gelu_grad(Call& call) {
  const auto shape = call.shape(0);
  const T* dy = call.input<T>(0);
  const T* slope = call.input<T>(1);
  const int64_t width = shape.back();
  T* dproduct = call.output<T>(0, shape);
  float* dbias = call.output<float>(1, {width});
  call.require(call.size(0) == call.size(1), "SohuBiasGeluGrad: dy and slope must have one shape");
  if (!call.ok() || !dy) return;
  column_sums(call.size(0) / width, width, dbias, [=](int64_t row, float* sums) {
    const int64_t at = row * width;
#pragma omp simd
    for (int64_t i = 0; i < width; i++) {
      const float d = widen(dy[at + i]) * widen(slope[at + i]);
      dproduct[at + i] = narrowed<T>(d);
      sums[i] += d;
    }
  });
}

}  // namespace

void register_gelu() {
  define({"SohuBiasGelu", {"product: T", "bias: float"}, {"y: T", "slope: T"}, {"T: {float, bfloat16}"}});
  implement("SohuBiasGelu", compute<bias_gelu<float>>, {{"T", TF_FLOAT}});
  implement("SohuBiasGelu", compute<bias_gelu<bfloat16>>, {{"T", TF_BFLOAT16}});
  define({"SohuBiasGeluGrad", {"dy: T", "slope: T"}, {"dproduct: T", "dbias: float"}, {"T: {float, bfloat16}"}});
  implement("SohuBiasGeluGrad", compute<bias_gelu_grad<float>>, {{"T", TF_FLOAT}});
  implement("SohuBiasGeluGrad", compute<bias_gelu_grad<bfloat16>>, {{"T", TF_BFLOAT16}});
}

}  // namespace sohu
