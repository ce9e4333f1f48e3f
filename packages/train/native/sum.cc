// The sum of tensors of both widths: gradients that meet at one value come from products in bfloat16 and from the residual in float32.
#include "kernels.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

constexpr int64_t GRAIN = 1 << 14;

/** Any number of tensors of one shape, first float32, then bfloat16 -> their sum in float32, added in this order. */
void sum(Call& call) {
  std::vector<const float*> wide;
  std::vector<const bfloat16*> narrow;
  for (int i = 0; i < call.inputs(); i++) {
    call.require(call.size(i) == call.size(0), "SohuSum: all tensors must have one shape");
    if (call.type(i) == TF_FLOAT) wide.push_back(call.input<float>(i));
    else narrow.push_back(call.input<bfloat16>(i));
  }
  float* total = call.output<float>(0, call.shape(0));
  if (!call.ok() || !total) return;
  spans(call.size(0), GRAIN, [&](int64_t begin, int64_t end) {
    float* to = total + begin;
    const int64_t length = end - begin;
    for (int64_t i = 0; i < length; i++) to[i] = 0;
    for (const float* tensor : wide) {
      const float* from = tensor + begin;
#pragma omp simd
      for (int64_t i = 0; i < length; i++) to[i] += from[i];
    }
    for (const bfloat16* tensor : narrow) {
      const bfloat16* from = tensor + begin;
#pragma omp simd
      for (int64_t i = 0; i < length; i++) to[i] += widen(from[i]);
    }
  });
}

}  // namespace

void register_sum() {
  define({"SohuSum", {"wide: N * float", "narrow: M * bfloat16"}, {"sum: float"}, {"N: int >= 0", "M: int >= 0"}});
  implement("SohuSum", compute<sum>);
}

}  // namespace sohu
