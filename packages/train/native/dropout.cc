// The dropout masks of the plain form, bit for bit: TensorFlow's stateless Philox generator (Salmon et al. 2011), each number used by halves.
#include <algorithm>
#include <array>

#include "kernels.h"
#include "op.h"
#include "parallel.h"

namespace sohu {
namespace {

using Counter = std::array<uint32_t, 4>;
using Key = std::array<uint32_t, 2>;

/** Philox 4x32-10 on `LANES` counters that follow each other. */
template <int LANES>
struct Block {
  uint32_t words[4][LANES];

  Block(Counter counter, uint64_t offset, Key key) {
    const uint64_t start = (static_cast<uint64_t>(counter[1]) << 32 | counter[0]) + offset;  // no mask is so long that it carries further
    for (int lane = 0; lane < LANES; lane++) {
      words[0][lane] = static_cast<uint32_t>(start + lane);
      words[1][lane] = static_cast<uint32_t>((start + lane) >> 32);
      words[2][lane] = counter[2];
      words[3][lane] = counter[3];
    }
    for (int round = 0; round < 10; round++) {
#pragma omp simd
      for (int lane = 0; lane < LANES; lane++) {
        const uint64_t first = 0xD2511F53ull * words[0][lane];
        const uint64_t second = 0xCD9E8D57ull * words[2][lane];
        words[0][lane] = static_cast<uint32_t>(second >> 32) ^ words[1][lane] ^ key[0];
        words[1][lane] = static_cast<uint32_t>(second);
        words[2][lane] = static_cast<uint32_t>(first >> 32) ^ words[3][lane] ^ key[1];
        words[3][lane] = static_cast<uint32_t>(first);
      }
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
  }
};

/** TensorFlow's scrambling of the two seeds into key and counter (stateless_random_ops.cc, GenerateKey). */
void scramble(const int32_t* seed, Key* key, Counter* counter) {
  const auto low = [](int64_t value) { return static_cast<uint32_t>(value); };
  const auto high = [](int64_t value) { return static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32); };
  const Block<1> mix({low(seed[0]), high(seed[0]), low(seed[1]), high(seed[1])}, 0, {0x3ec8f720, 0x02461e29});
  *key = {mix.words[0][0], mix.words[1][0]};
  *counter = {0, 0, mix.words[2][0], mix.words[3][0]};
}

constexpr int64_t LANES = 64;

/** size, and the least signed number that is kept [2], seed [2] -> keep [size]: elements of the first half by upper halves, then by lower ones. */
void keep_mask(Call& call) {
  const int32_t* settings = call.input<int32_t>(0);
  const int32_t* seed = call.input<int32_t>(1);
  call.require(call.size(0) == 2 && call.size(1) == 2, "SohuKeep: settings and seed must have two numbers each");
  if (!call.ok()) return;
  const int64_t size = settings[0];
  const int32_t limit = settings[1];
  bool* keep = call.output<bool>(0, {size});
  if (!call.ok() || !keep) return;
  Key key;
  Counter counter;
  scramble(seed, &key, &counter);
  const int64_t half = (size + 1) / 2;
  spans(half, 4 * LANES * 64, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += 4 * LANES) {
      const Block<LANES> block(counter, at / 4, key);
      int32_t bits[4 * LANES];
      for (int lane = 0; lane < LANES; lane++)
        for (int word = 0; word < 4; word++) bits[4 * lane + word] = static_cast<int32_t>(block.words[word][lane]);
      const int64_t upper = std::min<int64_t>(4 * LANES, end - at);
      const int64_t lower = std::min<int64_t>(upper, size - half - at);
      for (int64_t i = 0; i < upper; i++) keep[at + i] = bits[i] >= limit;
      for (int64_t i = 0; i < lower; i++) keep[half + at + i] = static_cast<int32_t>(static_cast<uint32_t>(bits[i]) << 16) >= limit;
    }
  });
}

}  // namespace

void register_dropout() {
  define({"SohuKeep", {"settings: int32", "seed: int32"}, {"keep: bool"}});
  implement("SohuKeep", compute<keep_mask>);
}

}  // namespace sohu
