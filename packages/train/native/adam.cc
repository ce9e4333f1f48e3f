// One pass over weights, moments, average and gradient: clipping, decoupled decay, Adam (arXiv:1412.6980) and the moving average.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

/** The factors of a step that all parameters share, as the input `scalars` has them. */
struct Scalars {
  float beta1, beta2, epsilon, momentum, clip;

  explicit Scalars(Call& call, int input, int norm) {
    const float* values = call.input<float>(input);
    const float* squared = call.input<float>(norm);
    call.require(call.size(input) == 5, "SohuAdam: scalars are beta1, beta2, epsilon, the average's momentum and the limit of the norm");
    if (!call.ok()) return;
    beta1 = values[0], beta2 = values[1], epsilon = values[2], momentum = values[3];
    const float limit = values[4];
    const float size = squared ? std::sqrt(*squared) : 0;
    clip = limit > 0 && !(size <= limit) ? limit / size : 1;  // a NaN reaches the weights, where the loss shows it
  }
};

/** Moves n weights: m and v by the gradient, w by rate m / (√v + ε) after it has lost its share `decay`. */
void descend(float* w, float* m, float* v, const float* gradient, int64_t n, float rate, float decay, const Scalars& of) {
  const float clip = of.clip, beta1 = of.beta1, beta2 = of.beta2, epsilon = of.epsilon;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    const float g = gradient[i] * clip;
    m[i] += (g - m[i]) * (1 - beta1);
    v[i] += (g * g - v[i]) * (1 - beta2);
    w[i] -= w[i] * decay + rate * m[i] / (std::sqrt(v[i]) + epsilon);
  }
}

/** e = μ e + (1 - μ) w. */
void average(float* e, const float* w, int64_t n, float momentum) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) e[i] += (w[i] - e[i]) * (1 - momentum);
}

constexpr int64_t GRAIN = 1 << 16;  // elements of a part: five arrays of it fit a core's cache

struct Variable {
  float *w, *m, *v, *e;
  int64_t length;
};

Variable variable(Call& call, int w, int m, int v, int e) {
  int64_t lengths[4] = {0, 0, 0, 0};
  Variable of{call.variable(w, &lengths[0]), call.variable(m, &lengths[1]), call.variable(v, &lengths[2]), call.variable(e, &lengths[3]), lengths[0]};
  for (int64_t length : lengths) call.require(length == lengths[0], "SohuAdam: weights, moments and average must have one shape");
  return of;
}

/** N parameters at once: handles of weights, moments and averages, gradients of their shapes, rate and decay of each [N, 2]. */
void adam(Call& call) {
  const int n = (call.inputs() - 3) / 5;
  const float* rates = call.input<float>(5 * n);
  const Scalars scalars(call, 5 * n + 1, 5 * n + 2);
  call.require(call.size(5 * n) == 2 * n, "SohuAdam: rates must be [N, 2]");
  std::vector<Variable> variables;
  std::vector<const float*> gradients;
  std::vector<int64_t> first = {0};  // the number of each parameter's first part
  for (int i = 0; i < n && call.ok(); i++) {
    variables.push_back(variable(call, i, n + i, 2 * n + i, 3 * n + i));
    gradients.push_back(call.input<float>(4 * n + i));
    call.require(call.size(4 * n + i) == variables.back().length, "SohuAdam: a gradient must have the shape of its weights");
    first.push_back(first.back() + (variables.back().length + GRAIN - 1) / GRAIN);
  }
  if (!call.ok()) return;
  parallel(first.back(), [&](int64_t part) {
    const int64_t i = std::upper_bound(first.begin(), first.end(), part) - first.begin() - 1;
    const Variable& of = variables[i];
    const int64_t at = (part - first[i]) * GRAIN;
    const int64_t length = std::min(GRAIN, of.length - at);
    descend(of.w + at, of.m + at, of.v + at, gradients[i] + at, length, rates[2 * i], rates[2 * i + 1], scalars);
    average(of.e + at, of.w + at, length, scalars.momentum);
  });
}

/** One parameter whose gradient [n, width] is of the rows [n]: only they are moved, each at most once; all of the average is. */
void adam_rows(Call& call) {
  const Variable of = variable(call, 0, 1, 2, 3);
  const float* gradient = call.input<float>(4);
  const int32_t* rows = call.input<int32_t>(5);
  const float* rates = call.input<float>(6);
  const Scalars scalars(call, 7, 8);
  const int64_t n = call.size(5);
  const int64_t width = n > 0 ? call.size(4) / n : 0;
  call.require(call.size(6) == 2 && width * n == call.size(4), "SohuAdamRows: the gradient must be [rows, width], rates [2]");
  for (int64_t i = 0; i < n && call.ok(); i++)
    call.require(rows[i] >= 0 && (rows[i] + 1) * width <= of.length, "SohuAdamRows: a row is outside the table");
  if (!call.ok()) return;
  parallel(n, [&](int64_t i) {
    const int64_t at = rows[i] * width;
    descend(of.w + at, of.m + at, of.v + at, gradient + i * width, width, rates[0], rates[1], scalars);
  });
  spans(of.length, GRAIN, [&](int64_t begin, int64_t end) { average(of.e + begin, of.w + begin, end - begin, scalars.momentum); });
}

/** The sum of the squares of all elements of N tensors; each part's sum in float32, theirs in float64, in a fixed order. */
void squared_norm(Call& call) {
  float* total = call.output<float>(0, {});
  std::vector<const float*> tensors;
  std::vector<int64_t> lengths, first = {0};
  for (int i = 0; i < call.inputs(); i++) {
    tensors.push_back(call.input<float>(i));
    lengths.push_back(call.size(i));
    first.push_back(first.back() + (lengths.back() + GRAIN - 1) / GRAIN);
  }
  if (!call.ok()) return;
  std::vector<double> sums(first.back());
  parallel(first.back(), [&](int64_t part) {
    const int64_t i = std::upper_bound(first.begin(), first.end(), part) - first.begin() - 1;
    const int64_t at = (part - first[i]) * GRAIN;
    const float* x = tensors[i] + at;
    const int64_t length = std::min(GRAIN, lengths[i] - at);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < length; j++) sum += x[j] * x[j];
    sums[part] = sum;
  });
  *total = static_cast<float>(std::accumulate(sums.begin(), sums.end(), 0.0));
}

}  // namespace

void register_adam() {
  define({"SohuAdam",
          {"weights: N * resource", "first: N * resource", "second: N * resource", "averages: N * resource", "gradients: N * float",
           "rates: float", "scalars: float", "norm: float"},
          {},
          {"N: int >= 1"}});
  implement("SohuAdam", compute<adam>);
  define({"SohuAdamRows",
          {"weights: resource", "first: resource", "second: resource", "average: resource", "gradient: float", "rows: int32",
           "rates: float", "scalars: float", "norm: float"},
          {}});
  implement("SohuAdamRows", compute<adam_rows>);
  define({"SohuSquaredNorm", {"tensors: N * float"}, {"norm: float"}, {"N: int >= 1"}});
  implement("SohuSquaredNorm", compute<squared_norm>);
}

}  // namespace sohu
