#include "cuda/support/faster.h"

#include <algorithm>

#include "cuda/support/algorithm_cache.h"
#include "cuda/support/cuda.h"
#include "cuda/support/scratch.h"

namespace iabn::cuda {
namespace {

constexpr int kWarmUp = 2;
constexpr int kRounds = 5;

// Zero-filled operands of one kernel.
class Operands {
 public:
  Operands(const KernelSpec& spec, const Kernel& kernel)
      : workspace_(kernel.workspace_bytes()), layout_(kernel.layout_bytes()) {
    for (const TensorDesc& input : spec.inputs) inputs_.push_back(add(input));
    for (const TensorDesc& output : spec.outputs) outputs_.push_back(add(output));
  }
  KernelArgs args() const { return {inputs_, outputs_, workspace_.data(), layout_.data()}; }

 private:
  void* add(const TensorDesc& desc) {
    if (!desc.present()) return nullptr;
    blocks_.push_back(std::make_unique<Scratch>(desc.bytes()));
    return blocks_.back()->data();
  }

  std::vector<std::unique_ptr<Scratch>> blocks_;
  std::vector<void*> inputs_, outputs_;
  Scratch workspace_, layout_;
};

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, 0), "an event"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

// The shortest of several runs, in milliseconds.
float time_of(Kernel& kernel, const KernelSpec& spec, const Context& context) {
  const Operands operands(spec, kernel);
  if (kernel.layout_bytes() > 0) kernel.lay_out(operands.args());
  const Event begin, end;
  float best = 0.0f;
  for (int round = 0; round < kWarmUp + kRounds; ++round) {
    check(cudaEventRecord(begin.get(), context.stream), "an event");
    kernel.run(operands.args());
    check(cudaEventRecord(end.get(), context.stream), "an event");
    check(cudaEventSynchronize(end.get()), "a kernel that is measured");
    float time = 0.0f;
    check(cudaEventElapsedTime(&time, begin.get(), end.get()), "an event");
    if (round >= kWarmUp) best = round == kWarmUp ? time : std::min(best, time);
  }
  return best;
}

std::unique_ptr<Kernel> make(const Candidate& candidate, const KernelSpec& spec, Context& context) {
  std::unique_ptr<Kernel> kernel = candidate.factory(spec, context);
  // The name of a library's algorithm starts with its candidate's name.
  if (kernel->choice.name.empty()) kernel->choice.name = candidate.name;
  return kernel;
}

// The kernel that the specification requests; null with the reason if it is not available.
std::unique_ptr<Kernel> asked_for(const KernelSpec& spec, Context& context,
                                  const std::vector<Candidate>& candidates, std::string* refusal) {
  const std::string name = spec.choice.substr(0, spec.choice.find(' '));
  for (const Candidate& candidate : candidates) {
    if (candidate.name != name) continue;
    try {
      return make(candidate, spec, context);
    } catch (const Refused& refused) {
      *refusal = refused.what();
      return nullptr;
    }
  }
  *refusal = "this version has no such kernel";
  return nullptr;
}

std::unique_ptr<Kernel> by_time(const KernelSpec& spec, Context& context, const std::string& key,
                                const std::vector<Candidate>& candidates) {
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::string reasons;
  for (const Candidate& candidate : candidates) {
    try {
      kernels.push_back(make(candidate, spec, context));
      names.push_back(candidate.name);
    } catch (const Refused& refusal) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(refusal.what());
    }
  }
  if (kernels.empty()) throw Refused(reasons);
  if (kernels.size() == 1) return std::move(kernels.front());
  const std::string choice = "choice " + spec.op + " " + key;
  for (const std::string& known : choices().find(choice)) {
    const auto place = static_cast<size_t>(std::find(names.begin(), names.end(), known) - names.begin());
    if (place < kernels.size()) return std::move(kernels[place]);
  }
  std::vector<float> times;
  for (const auto& kernel : kernels) times.push_back(time_of(*kernel, spec, context));
  const auto best = static_cast<size_t>(std::min_element(times.begin(), times.end()) - times.begin());
  choices().add(choice, names[best]);
  return std::move(kernels[best]);
}

}  // namespace

std::unique_ptr<Kernel> faster_of(const KernelSpec& spec, Context& context, const std::string& key,
                                  const std::vector<Candidate>& candidates) {
  if (spec.choice.empty()) return by_time(spec, context, key, candidates);
  std::string refusal;
  if (auto kernel = asked_for(spec, context, candidates, &refusal)) return kernel;
  KernelSpec free = spec;
  free.choice.clear();
  std::unique_ptr<Kernel> kernel = by_time(free, context, key, candidates);
  kernel->choice.refusal = refusal;
  return kernel;
}

}  // namespace iabn::cuda
