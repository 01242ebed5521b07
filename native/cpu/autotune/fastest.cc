#include "cpu/autotune/fastest.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "cpu/autotune/kernel_choices.h"
#include "cpu/autotune/product_rates.h"
#include "cpu/autotune/timing.h"
#include "cpu/loops/parallel.h"
#include "platform/platform.h"

namespace iabn {
namespace {

// With fewer bytes of operands, autotuning costs more than it gains.
constexpr size_t kWorthAutotuning = size_t{1} << 19;
constexpr int64_t kWholeVectors = 16;

// A plan may be for a larger machine. Leave room for workspaces too.
bool can_be_run(const KernelSpec& spec) {
  const uint64_t bytes = platform::physical_bytes();
  return bytes == 0 || spec.operand_bytes() <= bytes / 4;
}

// Rounds the size up so that similar shapes share a choice: to whole vectors, up to a quarter of a power of
// two. The layers of a dense block differ in little else, and autotuning each would take longer than running
// them.
int64_t alike(int64_t size) {
  if (size % kWholeVectors != 0) return size;
  int64_t step = kWholeVectors;
  while (step * 8 <= size) step *= 2;
  return ceil_div(size, step) * step;
}

int64_t itself(int64_t size) { return size; }

using Likeness = int64_t (*)(int64_t size);

void describe(std::ostream& out, const TensorDesc& operand, Likeness likeness) {
  out << ' ' << static_cast<int>(operand.dtype) << ':';
  for (size_t axis = 0; axis < operand.rank(); ++axis) {
    out << (axis < 2 ? likeness(operand.dims[axis]) : operand.dims[axis]) << ',';
  }
  if (!operand.dense()) out << '/' << operand.pitch;
}

std::string key_of(const KernelSpec& spec, Likeness likeness) {
  std::ostringstream key;
  key << spec.op;
  for (const TensorDesc& input : spec.inputs) describe(key, input, likeness);
  for (const TensorDesc& output : spec.outputs) describe(key, output, likeness);
  for (const char* name : {"stride", "padding", "dilation"}) {
    key << ' ' << name;
    for (const int64_t number : spec.attrs.integers(name)) key << ' ' << number;
  }
  // Their layout takes no time, but comes from memory (timing.cc).
  if (spec.constant(1)) key << " constant weights";
  key << ", " << autotune_machine();
  return key.str();
}

// True if bfloat16 products run at full speed; with few channels, images do not fill the vectors.
bool fills_vectors(const KernelSpec& spec) {
  const auto fills = [](const TensorDesc& operand) {
    return operand.rank() < 2 || operand.dims[1] % kWholeVectors == 0;
  };
  return std::all_of(spec.inputs.begin(), spec.inputs.end(), fills) &&
         std::all_of(spec.outputs.begin(), spec.outputs.end(), fills);
}

std::unique_ptr<Kernel> make(const Candidate& candidate, const KernelSpec& spec) {
  std::unique_ptr<Kernel> kernel = candidate.factory(spec);
  kernel->choice.name = candidate.name;
  return kernel;
}

// The candidates that accept, in order, and the reasons of the others.
struct Accepting {
  std::vector<const Candidate*> candidates;
  std::string reasons;

  Accepting(const KernelSpec& spec, const std::vector<Candidate>& all, bool widening) {
    for (const Candidate& candidate : all) {
      if (candidate.widens && !widening) continue;
      try {
        candidate.factory(spec);
        candidates.push_back(&candidate);
      } catch (const Refused& refusal) {
        reasons += (reasons.empty() ? "" : "; ") + std::string(refusal.what());
      }
    }
  }

  // The first whose implementation's name starts with `wanted`; the first of all if there is none.
  std::unique_ptr<Kernel> named(const KernelSpec& spec, const std::string& wanted) const {
    for (const Candidate* candidate : candidates) {
      std::unique_ptr<Kernel> kernel = make(*candidate, spec);
      if (kernel->implementation().rfind(wanted, 0) == 0) return kernel;
    }
    return make(*candidates[0], spec);
  }

  std::vector<KernelFactory> factories() const {
    std::vector<KernelFactory> factories;
    for (const Candidate* candidate : candidates) factories.push_back(candidate->factory);
    return factories;
  }
};

Accepting all_accepting(const KernelSpec& spec, const std::vector<Candidate>& candidates) {
  Accepting all(spec, candidates, true);
  if (all.candidates.empty()) throw Refused(all.reasons);
  return all;
}

// Drops candidates that are known to be slower.
Accepting worth_autotuning(const KernelSpec& spec, const std::vector<Candidate>& candidates) {
  if (spec.inputs[0].dtype == DType::bf16 && fills_vectors(spec) && bfloat16_leads()) {
    Accepting narrow(spec, candidates, false);
    if (!narrow.candidates.empty()) return narrow;
  }
  return all_accepting(spec, candidates);
}

// The cached names of a key: whether this version knows any of them, and the kernel of the first that
// accepts.
struct Remembered {
  bool known = false;
  std::unique_ptr<Kernel> kernel;

  Remembered(const std::string& key, const KernelSpec& spec, const std::vector<Candidate>& candidates) {
    for (const std::string& name : kernel_choices().find(key)) {
      for (const Candidate& candidate : candidates) {
        if (kernel == nullptr && candidate.name == name) take(candidate, spec);
      }
    }
  }

 private:
  void take(const Candidate& candidate, const KernelSpec& spec) {
    known = true;
    try {
      kernel = make(candidate, spec);
    } catch (const Refused&) {
    }
  }
};

void require_own_names(const std::vector<Candidate>& candidates) {
  std::set<std::string> names;
  for (const Candidate& candidate : candidates) {
    if (!names.insert(candidate.name).second)
      throw std::logic_error("two kernels are called " + candidate.name);
  }
}

// The kernel that the specification requests; null with the reason if it is not available.
std::unique_ptr<Kernel> asked_for(const KernelSpec& spec, const std::vector<Candidate>& candidates,
                                  std::string* refusal) {
  for (const Candidate& candidate : candidates) {
    if (candidate.name != spec.choice) continue;
    try {
      return make(candidate, spec);
    } catch (const Refused& refused) {
      *refusal = refused.what();
      return nullptr;
    }
  }
  *refusal = "this version has no such kernel";
  return nullptr;
}

std::unique_ptr<Kernel> by_time(const KernelSpec& spec, const std::vector<Candidate>& candidates,
                                const Sample& sample) {
  if (spec.operand_bytes() < kWorthAutotuning)
    return make(*all_accepting(spec, candidates).candidates[0], spec);
  std::string key = key_of(spec, alike);
  Remembered so_far(key, spec, candidates);
  if (so_far.known && so_far.kernel == nullptr) {
    // The choice of a similar shape was refused here, so this shape needs its own.
    key = key_of(spec, itself);
    so_far = Remembered(key, spec, candidates);
  }
  if (so_far.kernel) return std::move(so_far.kernel);
  const Accepting accepting = worth_autotuning(spec, candidates);
  const KernelSpec sampled = sample(spec);
  if (accepting.candidates.size() == 1 || !can_be_run(sampled)) return make(*accepting.candidates[0], spec);
  const Candidate& best = *accepting.candidates[fastest_of(sampled, accepting.factories())];
  kernel_choices().add(key, best.name);
  return make(best, spec);
}

std::unique_ptr<Kernel> make_fastest(const KernelSpec& spec, const std::vector<Candidate>& candidates,
                                     const Sample& sample) {
  if (const auto wanted = platform::variable("IABN_KERNEL_CHOICE")) {
    std::unique_ptr<Kernel> kernel = all_accepting(spec, candidates).named(spec, *wanted);
    const bool other = !spec.untimed() && kernel->choice.name != spec.choice;
    if (other) kernel->choice.refusal = "IABN_KERNEL_CHOICE is set";
    return kernel;
  }
  if (spec.untimed()) return make(*all_accepting(spec, candidates).candidates[0], spec);
  std::string refusal;
  std::unique_ptr<Kernel> kernel;
  if (!spec.choice.empty()) kernel = asked_for(spec, candidates, &refusal);
  if (kernel == nullptr) kernel = by_time(spec, candidates, sample);
  kernel->choice.refusal = refusal;
  return kernel;
}

}  // namespace

KernelFactory fastest(std::vector<Candidate> candidates, Sample sample) {
  require_own_names(candidates);
  return [candidates = std::move(candidates), sample = std::move(sample)](const KernelSpec& spec) {
    return make_fastest(spec, candidates, sample);
  };
}

}  // namespace iabn
