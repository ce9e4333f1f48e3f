// Attention's softmax with scale and mask in one pass, and its gradient in one.
#include <algorithm>
#include <vector>

#include "columns.h"
#include "kernels.h"
#include "math.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

/** scores [batch, heads, queries, keys], bias [batch, .., keys] or none, scale -> probs = softmax(scale scores + bias) over the keys. */
template <typename T>
void softmax(Call& call) {
  const Shape shape = call.shape(0);
  const T* scores = call.input<T>(0);
  const float* bias = call.input<float>(1);
  const float* scalars = call.input<float>(2);
  call.require(shape.size() == 4 && call.size(2) == 1, "SohuSoftmax: scores must have four axes, scale is one number");
  call.require(!bias || call.size(1) == shape[0] * shape[3], "SohuSoftmax: the bias must be [batch, keys]");
  T* probs = call.output<T>(0, shape);
  if (!call.ok() || !scores) return;
  const float scale = *scalars;
  const int64_t keys = shape[3], rows_each = shape[1] * shape[2];
  spans(call.size(0) / keys, row_grain(keys), [=](int64_t begin, int64_t end) {
    std::vector<float> buffer(keys);
    float* x = buffer.data();
    for (int64_t row = begin; row < end; row++) {
      const T* from = scores + row * keys;
      const float* mask = bias ? bias + row / rows_each * keys : nullptr;
      float most = -3e38f;
      for (int64_t i = 0; i < keys; i++) x[i] = scale * widen(from[i]) + (mask ? mask[i] : 0);
#pragma omp simd reduction(max : most)
      for (int64_t i = 0; i < keys; i++) most = x[i] > most ? x[i] : most;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < keys; i++) {
        x[i] = exponential(x[i] - most);
        sum += x[i];
      }
      const float share = 1 / sum;
      T* to = probs + row * keys;
#pragma omp simd
      for (int64_t i = 0; i < keys; i++) to[i] = narrowed<T>(x[i] * share);
    }
  });
}

/** probs p and their gradient dp -> dscores = scale p (dp - Σ p dp), the sum over the keys. */
template <typename T>
void softmax_grad(Call& call) {
  const Shape shape = call.shape(0);
  const T* probs = call.input<T>(0);
  const T* dprobs = call.input<T>(1);
  const float* scalars = call.input<float>(2);
  call.require(!shape.empty() && call.size(0) == call.size(1) && call.size(2) == 1, "SohuSoftmaxGrad: probs and dprobs must have one shape");
  T* dscores = call.output<T>(0, shape);
  if (!call.ok() || !probs) return;
  const float scale = *scalars;
  const int64_t keys = shape.back();
  spans(call.size(0) / keys, row_grain(keys), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const T* p = probs + row * keys;
      const T* dp = dprobs + row * keys;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < keys; i++) sum += widen(p[i]) * widen(dp[i]);
      T* to = dscores + row * keys;
#pragma omp simd
      for (int64_t i = 0; i < keys; i++) to[i] = narrowed<T>(scale * widen(p[i]) * (widen(dp[i]) - sum));
    }
  });
}

}  // namespace

void register_softmax() {
  define({"SohuSoftmax", {"scores: T", "bias: float", "scale: float"}, {"probs: T"}, {"T: {float, bfloat16}"}});
  implement("SohuSoftmax", compute<softmax<float>>, {{"T", TF_FLOAT}});
  implement("SohuSoftmax", compute<softmax<bfloat16>>, {{"T", TF_BFLOAT16}});
  define({"SohuSoftmaxGrad", {"probs: T", "dprobs: T", "scale: float"}, {"dscores: T"}, {"T: {float, bfloat16}"}});
  implement("SohuSoftmaxGrad", compute<softmax_grad<float>>, {{"T", TF_FLOAT}});
  implement("SohuSoftmaxGrad", compute<softmax_grad<bfloat16>>, {{"T", TF_BFLOAT16}});
}

}  // namespace sohu
