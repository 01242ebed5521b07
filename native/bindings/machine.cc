#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "bindings/bindings.h"

namespace iabn {
namespace {

// Instruction set that oneDNN dispatches to, as its enumeration's order: whether bf16 runs on hardware follows.
Napi::Value bfloat16(const Napi::CallbackInfo& info) {
  const int isa = static_cast<int>(dnnl::get_effective_cpu_isa());
  const int bf16 = static_cast<int>(dnnl::cpu_isa::avx512_core_bf16);
  return Napi::Boolean::New(info.Env(), (isa & bf16) == bf16);
}

Napi::Value threads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), omp_get_max_threads()); }

Napi::Value onednn_version(const Napi::CallbackInfo& info) {
  const dnnl_version_t* version = dnnl_version();
  return Napi::String::New(info.Env(), std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                                           std::to_string(version->patch));
}

}  // namespace

void define_machine(Napi::Env env, Napi::Object exports) {
  exports.Set("hasBFloat16", Napi::Function::New(env, bfloat16));
  exports.Set("threads", Napi::Function::New(env, threads));
  exports.Set("onednnVersion", Napi::Function::New(env, onednn_version));
}

}  // namespace iabn
