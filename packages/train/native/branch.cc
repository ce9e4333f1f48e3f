// The end of a branch without a norm after it: residual + dropout(product + bias) in one pass, and its gradients.
#include "branch.h"

#include "columns.h"
#include "kernels.h"
#include "parallel.h"

namespace sohu {
namespace {

/** scalars: 1 / (1 - rate), and 1 where y is wanted in float32 too. -> y, or nothing, and narrow: y in S where that is narrower. */
template <typename P, typename S>
void branch(Call& call) {
  const Shape shape = call.shape(0);
  const float* scalars = call.input<float>(4);
  call.require(!shape.empty() && call.size(4) == 2, "SohuBranch: product must have rows, scalars two numbers");
  if (!call.ok()) return;
  const int64_t width = shape.back();
  const bool is_narrow = type_of<S>() != TF_FLOAT;
  const bool is_wide = scalars[1] > 0 || !is_narrow;
  float* y = call.output<float>(0, is_wide ? shape : Shape{0});
  S* narrow = call.output<S>(1, is_narrow ? shape : Shape{0});
  const Branch<P> of{call.input<P>(0), call.input<float>(1), call.input<bool>(2), call.input<float>(3), scalars[0], width};
  if (!call.ok() || !of.product) return;
  spans(call.size(0) / width, row_grain(width), [=](int64_t begin, int64_t end) {
    std::vector<float> buffer(width);
    for (int64_t row = begin; row < end; row++) {
      float* sum = is_wide ? y + row * width : buffer.data();
      of.row(row, sum);
      if (!is_narrow) continue;
      S* narrow_row = narrow + row * width;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) narrow_row[i] = narrowed<S>(sum[i]);
    }
  });
}

/** dy [rows, width], keep or none, and 1 / (1 - rate) -> dproduct, and dbias [width]: the sum of its rows. */
template <typename D, typename P>
void branch_grad(Call& call) {
  const Shape shape = call.shape(0);
  const D* dy = call.input<D>(0);
  const uint8_t* keep = reinterpret_cast<const uint8_t*>(call.input<bool>(1));
  const float* scalars = call.input<float>(2);
  call.require(!shape.empty() && call.size(2) == 1, "SohuBranchGrad: dy must have rows, scalars one number");
  if (!call.ok()) return;
  const float kept = scalars[0];
  const int64_t width = shape.back();
  P* dproduct = call.output<P>(0, shape);
  float* dbias = call.output<float>(1, {width});
  if (!call.ok() || !dy) return;
  column_sums(call.size(0) / width, width, dbias, [=](int64_t row, float* sums) {
    const int64_t at = row * width;
#pragma omp simd
    for (int64_t i = 0; i < width; i++) {
      const float d = keep ? widen(dy[at + i]) * kept * keep[at + i] : widen(dy[at + i]);
      dproduct[at + i] = narrowed<P>(d);
      sums[i] += d;
    }
  });
}

template <typename P, typename S>
void implement_branch() {
  implement("SohuBranch", compute<branch<P, S>>, {{"P", type_of<P>()}, {"S", type_of<S>()}});
  implement("SohuBranchGrad", compute<branch_grad<P, S>>, {{"D", type_of<P>()}, {"P", type_of<S>()}});
}

}  // namespace

void register_branch() {
  define({"SohuBranch",
          {"product: P", "bias: float", "keep: bool", "residual: float", "scalars: float"},
          {"y: float", "narrow: S"},
          {"P: {float, bfloat16}", "S: {float, bfloat16}"}});
  define({"SohuBranchGrad",
          {"dy: D", "keep: bool", "scalars: float"},
          {"dproduct: P", "dbias: float"},
          {"D: {float, bfloat16}", "P: {float, bfloat16}"}});
  implement_branch<float, float>();
  implement_branch<float, bfloat16>();
  implement_branch<bfloat16, float>();
  implement_branch<bfloat16, bfloat16>();
}

}  // namespace sohu
