// Bias, dropout, residual sum and (conditional) layer norm in one pass, and all their gradients in one (Ba et al. 2016, arXiv:1607.06450).
#include <algorithm>
#include <cmath>
#include <vector>

#include "branch.h"
#include "columns.h"
#include "kernels.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

enum Input { PRODUCT, BIAS, KEEP, RESIDUAL, GAMMA, BETA, SCALARS };

/** How rows share gains: all of them one row of gamma [width], or each group of neighbors its own of gamma [groups, width]. */
struct Groups {
  int64_t width, rows, groups, rows_each;

  Groups(Call& call, int rows_input, int gamma_input) {
    const Shape gamma = call.shape(gamma_input);
    width = gamma.empty() ? 0 : gamma.back();
    rows = width > 0 ? call.size(rows_input) / width : 0;
    groups = gamma.size() == 2 ? gamma[0] : 1;
    rows_each = groups > 0 ? rows / groups : 0;
    call.require(width > 0 && rows_each * groups == rows, "SohuNorm: rows must be a multiple of the groups of gamma");
  }
};

/** product, residual [rows, width] and the rest -> y, its copy in P where that is narrower, x̂ and 1/σ [rows] for the backward pass. */
template <typename P, typename S>
void norm(Call& call) {
  const Groups of(call, PRODUCT, GAMMA);
  const float* scalars = call.input<float>(SCALARS);
  call.require(call.size(SCALARS) == 2, "SohuNorm: scalars are epsilon and 1 / (1 - rate)");
  if (!call.ok()) return;
  const Shape shape = call.shape(PRODUCT);
  const bool is_narrow = type_of<S>() != TF_FLOAT;
  float* y = call.output<float>(0, shape);
  S* narrow = call.output<S>(1, is_narrow ? shape : Shape{0});
  S* normalized = call.output<S>(2, shape);
  float* inverse = call.output<float>(3, {of.rows});
  const Branch<P> branch{call.input<P>(PRODUCT), call.input<float>(BIAS), call.input<bool>(KEEP), call.input<float>(RESIDUAL), scalars[1], of.width};
  const float* gammas = call.input<float>(GAMMA);
  const float* betas = call.input<float>(BETA);
  if (!call.ok() || of.rows == 0) return;
  const float epsilon = scalars[0];
  spans(of.rows, row_grain(of.width), [=](int64_t begin, int64_t end) {
    const int64_t width = of.width;
    std::vector<float> buffer(width);
    float* x = buffer.data();
    for (int64_t row = begin; row < end; row++) {
      branch.row(row, x);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < width; i++) sum += x[i];
      const float mean = sum / width;
      float squares = 0;
#pragma omp simd reduction(+ : squares)
      for (int64_t i = 0; i < width; i++) {
        x[i] -= mean;
        squares += x[i] * x[i];
      }
      const float r = 1 / std::sqrt(squares / width + epsilon);
      inverse[row] = r;
      const float* gamma = gammas + row / of.rows_each * width;
      const float* beta = betas + row / of.rows_each * width;
      float* y_row = y + row * width;
      S* normalized_row = normalized + row * width;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) {
        const float value = x[i] * r;
        normalized_row[i] = narrowed<S>(value);
        y_row[i] = value * gamma[i] + beta[i];
      }
      if (!is_narrow) continue;
      S* narrow_row = narrow + row * width;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) narrow_row[i] = narrowed<S>(y_row[i]);
    }
  });
}

enum GradInput { DY, NORMALIZED, INVERSE, GRAD_GAMMA, GRAD_KEEP, GRAD_SCALARS };

/** One row of a backward pass: dx = r (g - mean(g) - x̂ mean(g x̂)) with g = dy γ. */
template <typename S>
void row_gradient(const float* dy, const S* normalized, const float* gamma, float r, int64_t width, float* dx, float* dgamma, float* dbeta) {
  float sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
  for (int64_t i = 0; i < width; i++) {
    const float value = widen(normalized[i]);
    const float g = dy[i] * gamma[i];
    sum += g;
    along += g * value;
    dgamma[i] += dy[i] * value;
    dbeta[i] += dy[i];
  }
  const float mean = sum / width, slope = along / width;
#pragma omp simd
  for (int64_t i = 0; i < width; i++) dx[i] = r * (dy[i] * gamma[i] - mean - widen(normalized[i]) * slope);
}

/** Rows of one part: neighbors within a group, so that a part adds to one row of dgamma. */
struct Parts {
  int64_t each, in_group, count;
  explicit Parts(const Groups& of)
      : each(of.groups > 1 ? of.rows_each : std::max<int64_t>(1, (of.rows + PARTS - 1) / PARTS)),
        in_group(of.groups > 1 ? 1 : (of.rows + each - 1) / each),
        count(of.groups * in_group) {}
};

/** dy and what the forward pass saved -> dresidual, dproduct (empty where it is dresidual), dgamma, dbeta, dbias. */
template <typename P, typename S>
void norm_grad(Call& call) {
  const Groups of(call, DY, GRAD_GAMMA);
  const float* scalars = call.input<float>(GRAD_SCALARS);
  call.require(call.size(GRAD_SCALARS) == 2, "SohuNormGrad: scalars are 1 / (1 - rate), and 1 where dproduct and dbias are wanted");
  if (!call.ok()) return;
  const float kept = scalars[0];
  const bool has_branch = scalars[1] > 0;
  const Shape shape = call.shape(DY);
  const float* dy = call.input<float>(DY);
  const S* normalized = call.input<S>(NORMALIZED);
  const float* inverse = call.input<float>(INVERSE);
  const float* gammas = call.input<float>(GRAD_GAMMA);
  const uint8_t* keep = reinterpret_cast<const uint8_t*>(call.input<bool>(GRAD_KEEP));
  float* dresidual = call.output<float>(0, shape);
  P* dproduct = call.output<P>(1, has_branch ? shape : Shape{0});
  float* dgamma = call.output<float>(2, call.shape(GRAD_GAMMA));
  float* dbeta = call.output<float>(3, call.shape(GRAD_GAMMA));
  float* dbias = call.output<float>(4, {has_branch ? of.width : 0});
  if (!call.ok() || of.rows == 0) return;
  const Parts parts(of);
  const int64_t width = of.width;
  std::vector<float> partial(3 * parts.count * width, 0.0f);
  parallel(parts.count, [&](int64_t part) {
    float* sums = partial.data() + 3 * part * width;
    const float* gamma = gammas + part / parts.in_group * width;
    for (int64_t row = part * parts.each; row < std::min(of.rows, (part + 1) * parts.each); row++) {
      const int64_t at = row * width;
      float* dx = dresidual + at;
      row_gradient(dy + at, normalized + at, gamma, inverse[row], width, dx, sums, sums + width);
      if (!has_branch) continue;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) {
        const float d = keep ? dx[i] * kept * keep[at + i] : dx[i];
        dproduct[at + i] = narrowed<P>(d);
        sums[2 * width + i] += d;
      }
    }
  });
  std::fill(dgamma, dgamma + of.groups * width, 0.0f);
  std::fill(dbeta, dbeta + of.groups * width, 0.0f);
  if (has_branch) std::fill(dbias, dbias + width, 0.0f);
  for (int64_t part = 0; part < parts.count; part++) {
    const float* sums = partial.data() + 3 * part * width;
    const int64_t group = part / parts.in_group * width;
    for (int64_t i = 0; i < width; i++) {
      dgamma[group + i] += sums[i];
      dbeta[group + i] += sums[width + i];
      if (has_branch) dbias[i] += sums[2 * width + i];
    }
  }
}

template <typename P, typename S>
void implement_norm() {
  implement("SohuNorm", compute<norm<P, S>>, {{"P", type_of<P>()}, {"S", type_of<S>()}});
  implement("SohuNormGrad", compute<norm_grad<P, S>>, {{"P", type_of<P>()}, {"S", type_of<S>()}});
}

}  // namespace

void register_norm() {
  const std::initializer_list<const char*> types = {"P: {float, bfloat16}", "S: {float, bfloat16}"};
  define({"SohuNorm",
          {"product: P", "bias: float", "keep: bool", "residual: float", "gamma: float", "beta: float", "scalars: float"},
          {"y: float", "narrow: S", "normalized: S", "inverse: float"},
          types});
  define({"SohuNormGrad",
          {"dy: float", "normalized: S", "inverse: float", "gamma: float", "keep: bool", "scalars: float"},
          {"dresidual: float", "dproduct: P", "dgamma: float", "dbeta: float", "dbias: float"},
          types});
  implement_norm<float, float>();
  implement_norm<float, bfloat16>();
  implement_norm<bfloat16, bfloat16>();
}

}  // namespace sohu
