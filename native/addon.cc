#include <napi.h>

#include "bindings/bindings.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  iabn::MemoryBinding::define(env, exports);
  iabn::KernelBinding::define(env, exports);
  iabn::ProgramBinding::define(env, exports);
  iabn::GroupBinding::define(env, exports);
  iabn::define_machine(env, exports);
  iabn::define_labels(env, exports);
  iabn::define_plugin(env, exports);
  return exports;
}

NODE_API_MODULE(inplace_abn, init)
