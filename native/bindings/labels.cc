#include "cpu/ops/labels.h"

#include "bindings/bindings.h"

namespace iabn {
namespace {

Napi::Value first_outside_of(const Napi::CallbackInfo& info) {
  const auto classes = static_cast<int64_t>(to_size(info[1], "classes"));
  const int64_t ignored = info[2].ToNumber().Int64Value();
  const auto first = [&](const auto& labels) {
    return first_outside(labels.Data(), static_cast<int64_t>(labels.ElementLength()), classes, ignored);
  };
  const bool bytes = info[0].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  const int64_t index = bytes ? first(info[0].As<Napi::Uint8Array>()) : first(info[0].As<Napi::Int32Array>());
  return Napi::Number::New(info.Env(), static_cast<double>(index));
}

}  // namespace

void define_labels(Napi::Env env, Napi::Object exports) {
  exports.Set("firstOutside", Napi::Function::New(env, first_outside_of));
}

}  // namespace iabn
