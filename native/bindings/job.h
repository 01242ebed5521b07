// Work on the compute thread that JavaScript awaits.
#pragma once

#include <napi.h>

#include <functional>
#include <string>

namespace iabn {

// Queues `work` on the compute thread. The promise resolves with the value that `result` creates on the
// JavaScript thread, or rejects with the message that `work` threw.
Napi::Promise run_job(Napi::Env env, std::function<void()> work,
                      std::function<Napi::Value(Napi::Env)> result);

}  // namespace iabn
