#include "cpu/ops/labels.h"

#include "bindings/bindings.h"

namespace iabn {
namespace {

Napi::Value first_outside_of(const Napi::CallbackInfo& info) {
  const auto labels = info[0].As<Napi::Int32Array>();
  const auto classes = static_cast<int64_t>(to_size(info[1], "classes"));
  const int64_t ignored = info[2].ToNumber().Int64Value();
  const int64_t index =
      first_outside(labels.Data(), static_cast<int64_t>(labels.ElementLength()), classes, ignored);
  return Napi::Number::New(info.Env(), static_cast<double>(index));
}

}  // namespace

void define_labels(Napi::Env env, Napi::Object exports) {
  exports.Set("firstOutside", Napi::Function::New(env, first_outside_of));
}

}  // namespace iabn
