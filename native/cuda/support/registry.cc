#include "cuda/support/registry.h"

#include <map>

namespace iabn::cuda {
namespace {

std::map<std::string, std::vector<Factory>>& registry() {
  static std::map<std::string, std::vector<Factory>> ops;
  return ops;
}

}  // namespace

void register_op(const char* op, std::vector<Factory> implementations) {
  registry()[op] = std::move(implementations);
}

MadeKernel make_kernel(const KernelSpec& spec, Context& context) {
  const auto found = registry().find(spec.op);
  if (found == registry().end())
    throw std::invalid_argument("the CUDA device has no kernel for op " + spec.op);
  MadeKernel made;
  std::string reasons;
  for (const Factory& factory : found->second) {
    try {
      made.kernel = factory(spec, context);
      return made;
    } catch (const Refused& refusal) {
      made.refusals.push_back(refusal.what());
      reasons += std::string("; ") + refusal.what();
    }
  }
  throw std::invalid_argument("no CUDA kernel accepts op " + spec.op + reasons);
}

}  // namespace iabn::cuda
