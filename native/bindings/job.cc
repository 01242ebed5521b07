#include "bindings/job.h"

#include <memory>
#include <string>
#include <utility>

#include "bindings/bindings.h"

namespace iabn {
namespace {

// Created on the JavaScript thread, run on the compute thread, settled and deleted on the JavaScript thread.
struct Pending {
  Pending(Napi::Env env, Job queued)
      : job(std::move(queued)),
        deferred(Napi::Promise::Deferred::New(env)),
        settle(Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                             "inplace_abn job", 0, 1)) {}

  void fail(const std::exception& thrown, const char* with) {
    failed = true, error = thrown.what(), code = with;
  }

  Job job;
  Napi::Promise::Deferred deferred;
  Napi::ThreadSafeFunction settle;
  bool failed = false;
  std::string error;
  const char* code = nullptr;
};

void settle(Napi::Env env, const Pending& pending) {
  pending.job.end();
  if (pending.failed) {
    const Napi::Error error = Napi::Error::New(env, pending.error);
    if (pending.code) error.Set("code", Napi::String::New(env, pending.code));
    return pending.deferred.Reject(error.Value());
  }
  pending.deferred.Resolve(pending.job.result(env));
}

void execute(Pending* pending) {
  try {
    pending->job.work();
  } catch (const RunStopped& stopped) {
    pending->fail(stopped, "RUN_STOPPED");
  } catch (const std::exception& failure) {
    pending->fail(failure, pending->job.failure);
  }
  const Napi::ThreadSafeFunction function = pending->settle;
  const napi_status status = function.BlockingCall(pending, [](Napi::Env env, Napi::Function, Pending* done) {
    const std::unique_ptr<Pending> owned(done);  // settling throws in an environment that ends
    settle(env, *owned);
  });
  if (status == napi_ok) {
    function.Release();
  } else {
    // The environment ends, and this thread counts as released.
    delete pending;
  }
}

}  // namespace

Napi::Promise run_job(Napi::Env env, Job job) {
  ComputeThread& thread = compute_thread(env);
  auto pending = std::make_unique<Pending>(env, std::move(job));
  const Napi::Promise promise = pending->deferred.Promise();
  thread.post([queued = pending.get()] { execute(queued); });
  static_cast<void>(pending.release());
  return promise;
}

}  // namespace iabn
