// Work of the compute thread that JavaScript waits for with a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <string>

namespace iabn {

// Queues `work` behind what the compute thread has to do; its promise resolves with what `result` makes of it
// on the JavaScript thread, or rejects with the message that `work` threw.
Napi::Promise run_job(Napi::Env env, std::function<void()> work,
                      std::function<Napi::Value(Napi::Env)> result);

}  // namespace iabn
