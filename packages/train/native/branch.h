// The end of a branch of a block: bias, dropout and the residual sum, read row by row.
#pragma once

#include "op.h"

namespace sohu {

/** A row of residual + dropout(product + bias); each of the last three may be absent. */
template <typename P>
struct Branch {
  const P* product;       // [rows, width]
  const float* bias;      // [width]
  const bool* keep;       // [rows, width]
  const float* residual;  // [rows, width]
  float kept;             // 1 / (1 - rate), the factor of what dropout keeps
  int64_t width;

  void row(int64_t index, float* sum) const {
    const int64_t at = index * width;
#pragma omp simd
    for (int64_t i = 0; i < width; i++) sum[i] = widen(product[at + i]);
    if (bias) {
#pragma omp simd
      for (int64_t i = 0; i < width; i++) sum[i] += bias[i];
    }
    if (keep) {
      const uint8_t* mask = reinterpret_cast<const uint8_t*>(keep) + at;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) sum[i] *= kept * mask[i];
    }
    if (residual) {
#pragma omp simd
      for (int64_t i = 0; i < width; i++) sum[i] += residual[at + i];
    }
  }
};

}  // namespace sohu
