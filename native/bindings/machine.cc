#include "bindings/bindings.h"
#include "cpu/autotune/kernel_choices.h"
#include "cpu/loops/threads.h"
#include "cpu/onednn/onednn.h"
#include "cpu/simd/vector_lanes.h"
#include "platform/platform.h"

namespace iabn {
namespace {

Napi::Value bfloat16(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), onednn::has_bfloat16());
}

Napi::Value thread_count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), most_threads());
}

Napi::Value onednn_version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), onednn::version());
}

Napi::Value machine(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), autotune_machine());
}

// Widest instruction set that the kernels use.
Napi::Value instruction_set(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), vector_name(vector_lanes()));
}

Napi::Value die_with_parent(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), platform::die_with_parent(to_size(info[0], "a process")));
}

void exit_now(const Napi::CallbackInfo& info) {
  platform::exit_now(static_cast<int>(to_size(info[0], "an exit code")));
}

}  // namespace

void define_machine(Napi::Env env, Napi::Object exports) {
  exports.Set("hasBFloat16", Napi::Function::New(env, bfloat16));
  exports.Set("instructionSet", Napi::Function::New(env, instruction_set));
  exports.Set("threads", Napi::Function::New(env, thread_count));
  exports.Set("dieWithParent", Napi::Function::New(env, die_with_parent));
  exports.Set("exitNow", Napi::Function::New(env, exit_now));
  exports.Set("onednnVersion", Napi::Function::New(env, onednn_version));
  exports.Set("machine", Napi::Function::New(env, machine));
}

}  // namespace iabn
