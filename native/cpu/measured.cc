#include "cpu/measured.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "cpu/kernel_choices.h"
#include "cpu/parallel.h"
#include "cpu/product_rates.h"
#include "cpu/trials.h"

namespace iabn {
namespace {

// Below this many bytes of operands a choice is worth less than the time to make it.
constexpr size_t kWorthMeasuring = size_t{1} << 19;
constexpr int64_t kWholeVectors = 16;

// Channels, or images, that are as good as so many: what fills whole vectors, up to a quarter of a power of
// two. A dense block's layers differ in little else, and would take longer to measure than to run.
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

std::string key_of(const KernelSpec& spec, size_t candidates, Likeness likeness) {
  std::ostringstream key;
  key << spec.op << " of " << candidates;
  for (const TensorDesc& input : spec.inputs) describe(key, input, likeness);
  for (const TensorDesc& output : spec.outputs) describe(key, output, likeness);
  for (const char* name : {"stride", "padding", "dilation"}) {
    key << ' ' << name;
    for (const int64_t number : spec.attrs.integers(name)) key << ' ' << number;
  }
  key << where_measured();
  return key.str();
}

// Whether bfloat16 products run at their best: images of few channels fill no vectors.
bool fills_vectors(const KernelSpec& spec) {
  const auto fills = [](const TensorDesc& operand) {
    return operand.rank() < 2 || operand.dims[1] % kWholeVectors == 0;
  };
  return std::all_of(spec.inputs.begin(), spec.inputs.end(), fills) &&
         std::all_of(spec.outputs.begin(), spec.outputs.end(), fills);
}

// Those that accept, in their order, and why the others do not.
struct Accepting {
  std::vector<size_t> places;
  std::vector<KernelFactory> factories;
  std::string reasons;

  Accepting(const KernelSpec& spec, const std::vector<Candidate>& candidates, bool widening) {
    for (size_t place = 0; place < candidates.size(); ++place) {
      const Candidate& candidate = candidates[place];
      if (candidate.widens && !widening) continue;
      try {
        candidate.factory(spec);
        places.push_back(place);
        factories.push_back(candidate.factory);
      } catch (const Refused& refusal) {
        reasons += (reasons.empty() ? "" : "; ") + std::string(refusal.what());
      }
    }
  }

  // The first whose name begins so; the first of all where there is none.
  std::unique_ptr<Kernel> named(const KernelSpec& spec, const std::string& wanted) const {
    for (const KernelFactory& factory : factories) {
      std::unique_ptr<Kernel> kernel = factory(spec);
      if (kernel->implementation().rfind(wanted, 0) == 0) return kernel;
    }
    return factories[0](spec);
  }
};

Accepting all_accepting(const KernelSpec& spec, const std::vector<Candidate>& candidates) {
  Accepting all(spec, candidates, true);
  if (all.factories.empty()) throw Refused(all.reasons);
  return all;
}

// Without those that are known to be slower.
Accepting worth_measuring(const KernelSpec& spec, const std::vector<Candidate>& candidates) {
  if (spec.inputs[0].dtype == DType::bf16 && fills_vectors(spec) && bfloat16_leads()) {
    Accepting narrow(spec, candidates, false);
    if (!narrow.factories.empty()) return narrow;
  }
  return all_accepting(spec, candidates);
}

// By the choice so far; null where there is none or it refuses.
std::unique_ptr<Kernel> remembered(const std::string& key, const KernelSpec& spec,
                                   const std::vector<Candidate>& candidates) {
  const std::optional<std::string> known = kernel_choices().find(key);
  if (!known || known->empty()) return nullptr;
  const auto place = static_cast<size_t>(std::atoi(known->c_str()));
  if (place >= candidates.size()) return nullptr;
  try {
    return candidates[place].factory(spec);
  } catch (const Refused&) {
    return nullptr;
  }
}

std::unique_ptr<Kernel> make_fastest(const KernelSpec& spec, const std::vector<Candidate>& candidates,
                                     const Sample& sample) {
  const char* const wanted = std::getenv("IABN_KERNEL_CHOICE");
  if (wanted != nullptr) return all_accepting(spec, candidates).named(spec, wanted);
  if (spec.operand_bytes() < kWorthMeasuring) return all_accepting(spec, candidates).factories[0](spec);
  std::string key = key_of(spec, candidates.size(), alike);
  if (auto kernel = remembered(key, spec, candidates)) return kernel;
  if (kernel_choices().find(key)) {
    // Of a shape alike, but refused here: this shape has a choice of its own.
    key = key_of(spec, candidates.size(), itself);
    if (auto kernel = remembered(key, spec, candidates)) return kernel;
  }
  const Accepting accepting = worth_measuring(spec, candidates);
  if (accepting.factories.size() == 1) return accepting.factories[0](spec);
  const size_t best = fastest_of(sample(spec), accepting.factories);
  kernel_choices().add(key, std::to_string(accepting.places[best]));
  return accepting.factories[best](spec);
}

}  // namespace

KernelFactory fastest(std::vector<Candidate> candidates, Sample sample) {
  return [candidates = std::move(candidates), sample = std::move(sample)](const KernelSpec& spec) {
    return make_fastest(spec, candidates, sample);
  };
}

}  // namespace iabn
