#include <omp.h>

#include "bindings/bindings.h"
#include "cpu/onednn.h"

namespace iabn {
namespace {

Napi::Value bfloat16(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), onednn::has_bfloat16());
}

Napi::Value threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), omp_get_max_threads());
}

Napi::Value onednn_version(const Napi::CallbackInfo& info) {
  const dnnl_version_t* version = dnnl_version();
  return Napi::String::New(info.Env(), std::to_string(version->major) + "." + std::to_string(version->minor) +
                                           "." + std::to_string(version->patch));
}

}  // namespace

void define_machine(Napi::Env env, Napi::Object exports) {
  exports.Set("hasBFloat16", Napi::Function::New(env, bfloat16));
  exports.Set("threads", Napi::Function::New(env, threads));
  exports.Set("onednnVersion", Napi::Function::New(env, onednn_version));
}

}  // namespace iabn
