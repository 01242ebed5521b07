#include "bindings/job.h"

#include <memory>

#include "bindings/bindings.h"

namespace iabn {
namespace {

struct Job {
  explicit Job(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise::Deferred deferred;
  Napi::ThreadSafeFunction settle;
  std::function<void()> work;
  std::function<Napi::Value(Napi::Env)> result;
  std::string error;
  bool failed = false;
};

void settle(Napi::Env env, Job& job) {
  if (job.failed) {
    job.deferred.Reject(Napi::Error::New(env, job.error).Value());
  } else {
    job.deferred.Resolve(job.result(env));
  }
}

void execute(const std::shared_ptr<Job>& job) {
  try {
    job->work();
  } catch (const std::exception& failure) {
    job->failed = true;
    job->error = failure.what();
  }
  auto* held = new std::shared_ptr<Job>(job);
  Napi::ThreadSafeFunction function = job->settle;
  const napi_status status =
      function.BlockingCall(held, [](Napi::Env env, Napi::Function, std::shared_ptr<Job>* pending) {
        if (env) settle(env, **pending);
        delete pending;
      });
  if (status != napi_ok) delete held;
  function.Release();
}

}  // namespace

Napi::Promise run_job(Napi::Env env, std::function<void()> work,
                      std::function<Napi::Value(Napi::Env)> result) {
  auto job = std::make_shared<Job>(env);
  job->work = std::move(work);
  job->result = std::move(result);
  job->settle = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                              "inplace_abn job", 0, 1);
  compute_thread(env).post([job] { execute(job); });
  return job->deferred.Promise();
}

}  // namespace iabn
