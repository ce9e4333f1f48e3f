// Sums along columns whose order, and so whose rounding, does not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "parallel.h"

namespace sohu {

/** Rows of `width` that are worth a thread: about 16,000 elements. */
inline int64_t row_grain(int64_t width) { return std::max<int64_t>(1, 16384 / width); }

/** Parts that rows are cut into for partial sums. */
constexpr int64_t PARTS = 16;

/** Calls `row(index, sums)` for each row; adds up what each part left in `sums` [width] into `total` [width]. */
template <typename Row>
void column_sums(int64_t rows, int64_t width, float* total, const Row& row) {
  const int64_t grain = std::max<int64_t>(1, (rows + PARTS - 1) / PARTS);
  const int64_t parts = (rows + grain - 1) / grain;
  std::vector<float> partial(parts * width, 0.0f);
  parallel(parts, [&](int64_t part) {
    float* sums = partial.data() + part * width;
    for (int64_t at = part * grain; at < std::min(rows, (part + 1) * grain); at++) row(at, sums);
  });
  std::fill(total, total + width, 0.0f);
  for (int64_t part = 0; part < parts; part++)
    for (int64_t i = 0; i < width; i++) total[i] += partial[part * width + i];
}

}  // namespace sohu
