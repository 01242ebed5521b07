// Work on the compute thread that JavaScript awaits.
#pragma once

#include <napi.h>

#include <functional>

namespace iabn {

struct Job {
  std::function<void()> work;  // on the compute thread; the others on the JavaScript thread, afterwards
  std::function<Napi::Value(Napi::Env)> result = [](Napi::Env env) { return env.Undefined(); };
  std::function<void()> end = [] {};  // before the promise settles, whether or not the work failed
  const char* failure = nullptr;      // the code of its error; null: none
};

// Queues a job. The promise resolves with its result, or rejects with the message of what `work` threw; the
// code of RunStopped is RUN_STOPPED.
Napi::Promise run_job(Napi::Env env, Job job);

}  // namespace iabn
