// Threads for the kernels: the C API does not hand out TensorFlow's own pool.
#pragma once

#include <cstdint>
#include <functional>

namespace sohu {

/** Runs `body(part)` for each part of [0, parts) on all processors and returns when all have run. Parts must not depend on each other. */
void parallel(int64_t parts, const std::function<void(int64_t)>& body);

/** Cuts [0, length) into spans of `grain`, the same ones whatever the number of threads, and runs `body(begin, end)` on each. */
inline void spans(int64_t length, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  parallel((length + grain - 1) / grain, [&](int64_t part) {
    const int64_t begin = part * grain;
    body(begin, begin + grain < length ? begin + grain : length);
  });
}

}  // namespace sohu
