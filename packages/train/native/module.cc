// The addon: loading it registers all operations and kernels with TensorFlow. `refused` says why it could not, else
// is an empty string; `version` is that of the operations.
#include <node_api.h>

#include <exception>
#include <string>

#include "kernels.h"

namespace {

/** Why this processor cannot run code compiled for the one that set-up ran on; empty where it can. */
std::string unsuited() {
#ifdef __AVX2__
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return "they were compiled for a processor with AVX2";
#endif
#ifdef __AVX512F__
  if (!__builtin_cpu_supports("avx512f")) return "they were compiled for a processor with AVX-512";
#endif
#ifdef __AVX512BF16__
  if (!__builtin_cpu_supports("avx512bf16")) return "they were compiled for a processor with AVX512-BF16";
#endif
  return "";
}

std::string load() {
  const std::string reason = unsuited();
  if (!reason.empty()) return reason;
  try {
    sohu::register_adam();
    sohu::register_branch();
    sohu::register_dropout();
    sohu::register_gelu();
    sohu::register_norm();
    sohu::register_rotary();
    sohu::register_softmax();
    sohu::register_sum();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::string reason = load();
  napi_value text = nullptr;
  napi_create_string_utf8(env, reason.c_str(), reason.size(), &text);
  napi_set_named_property(env, exports, "refused", text);
  napi_value version = nullptr;
  napi_create_int32(env, sohu::kVersion, &version);
  napi_set_named_property(env, exports, "version", version);
  return exports;
}
