#include "bindings/bindings.h"
#include "bindings/job.h"

namespace iabn {
namespace {

struct Run {
  std::shared_ptr<Program> program;
  std::vector<Block> fetches;
  std::vector<Timing> timings;
};

std::vector<Operand> to_operands(const Napi::Value& value) {
  auto list = value.As<Napi::Array>();
  std::vector<Operand> operands;
  for (uint32_t i = 0; i < list.Length(); ++i) operands.push_back(to_operand(list.Get(i)));
  return operands;
}

// An instruction is a 'layout' or, by default, a 'run' of its kernel.
bool is_layout(const Napi::Value& part) {
  return part.IsString() && part.As<Napi::String>().Utf8Value() == "layout";
}

std::string to_path(const Napi::Value& path) {
  return path.IsString() ? path.As<Napi::String>().Utf8Value() : "";
}

void feed(Executor& executor, const Napi::Value& feeds) {
  auto list = feeds.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    auto item = list.Get(i).As<Napi::Object>();
    const Operand target = to_operand(item);
    const Napi::Value data = item.Get("data");
    if (data.IsNull()) {
      executor.feed({target.memory, target.offset, to_size(item.Get("length"), "length")}, nullptr);
      continue;
    }
    auto bytes = data.As<Napi::Uint8Array>();
    executor.feed({target.memory, target.offset, bytes.ByteLength()}, bytes.Data());
  }
}

std::vector<Block> to_fetches(const Napi::Value& fetches) {
  auto list = fetches.As<Napi::Array>();
  std::vector<Block> result;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    auto item = list.Get(i).As<Napi::Object>();
    const Operand source = to_operand(item);
    result.push_back({source.memory, source.offset, to_size(item.Get("length"), "length")});
    source.memory->range(source.offset, result.back().length);
  }
  return result;
}

Napi::Value results(Napi::Env env, const Run& run) {
  auto values = Napi::Array::New(env, run.fetches.size());
  for (uint32_t i = 0; i < run.fetches.size(); ++i) {
    auto bytes = Napi::Uint8Array::New(env, run.fetches[i].length);
    run.program->executor().collect(run.fetches, i, bytes.Data());
    values[i] = bytes;
  }
  auto timings = Napi::Float64Array::New(env, 2 * run.timings.size());
  for (size_t i = 0; i < run.timings.size(); ++i) {
    timings[2 * i] = run.timings[i].begin;
    timings[2 * i + 1] = run.timings[i].end;
  }
  auto result = Napi::Object::New(env);
  result["values"] = values;
  result["timings"] = timings;
  return result;
}

void left_to_hook(Napi::Env, ComputeThread*) {}

}  // namespace

Operand to_operand(const Napi::Value& value) {
  if (value.IsNull() || value.IsUndefined()) return {};
  auto object = value.As<Napi::Object>();
  auto* memory = Napi::ObjectWrap<MemoryBinding>::Unwrap(object.Get("memory").As<Napi::Object>());
  return {memory->memory, to_size(object.Get("offset"), "offset")};
}

ComputeThread& compute_thread(Napi::Env env) {
  auto* thread = env.GetInstanceData<ComputeThread>();
  if (!thread) {
    thread = new ComputeThread();
    env.SetInstanceData<ComputeThread, left_to_hook>(thread);
    // Joins it before the environment frees the functions by which its jobs return.
    env.AddCleanupHook([](ComputeThread* ending) { delete ending; }, thread);
  }
  return *thread;
}

void ProgramBinding::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Program", DefineClass(env, "Program",
                                     {InstanceMethod("run", &ProgramBinding::run),
                                      InstanceMethod("prefetch", &ProgramBinding::prefetch),
                                      InstanceMethod("settle", &ProgramBinding::settle)}));
}

ProgramBinding::ProgramBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ProgramBinding>(info) {
  auto list = info[0].As<Napi::Array>();
  std::vector<Instruction> instructions;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    auto item = list.Get(i).As<Napi::Object>();
    auto* kernel = KernelBinding::Unwrap(item.Get("kernel").As<Napi::Object>());
    const bool lays_out = is_layout(item.Get("part"));
    instructions.push_back({kernel->op, to_path(item.Get("path")), kernel->kernel,
                            to_operands(item.Get("inputs")), to_operands(item.Get("outputs")),
                            to_operand(item.Get("workspace")), to_operand(item.Get("layout")), lays_out,
                            kernel->input_bytes, kernel->output_bytes});
  }
  program_ = std::make_shared<Program>(to_device(info[1]), instructions);
}

Napi::Value ProgramBinding::run(const Napi::CallbackInfo& info) {
  if (!program_->try_acquire())
    throw Napi::Error::New(info.Env(), "the program is already running: await its last run first");
  try {
    auto run = std::make_shared<Run>();
    run->program = program_;
    feed(program_->executor(), info[0]);
    run->fetches = to_fetches(info[1]);
    const size_t begin = to_size(info[2], "begin"), end = to_size(info[3], "end");
    const bool timed = info[4].ToBoolean();
    if (timed && end > begin) run->timings.reserve(end - begin);
    const auto work = [run, begin, end, timed] {
      run->program->executor().run(begin, end, run->fetches, timed ? &run->timings : nullptr);
    };
    return run_job(info.Env(), {work, [run](Napi::Env env) { return results(env, *run); },
                                [run] { run->program->release(); }, "RUN_FAILED"});
  } catch (...) {
    program_->release();
    throw;
  }
}

void ProgramBinding::prefetch(const Napi::CallbackInfo& info) {
  const Operand target = to_operand(info[0]);
  auto bytes = info[1].As<Napi::Uint8Array>();
  program_->executor().prefetch({target.memory, target.offset, bytes.ByteLength()}, bytes.Data());
}

Napi::Value ProgramBinding::settle(const Napi::CallbackInfo& info) {
  return run_job(info.Env(), {[program = program_] { program->executor().settle(); }});
}

}  // namespace iabn
