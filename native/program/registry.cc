#include <map>

#include "program/kernel.h"

namespace iabn {
namespace {

std::map<std::string, std::vector<KernelFactory>>& registry() {
  static std::map<std::string, std::vector<KernelFactory>> ops;
  return ops;
}

}  // namespace

void register_op(const char* op, std::vector<KernelFactory> implementations) {
  registry()[op] = std::move(implementations);
}

bool has_op(const std::string& op) { return registry().count(op) != 0; }

std::unique_ptr<Kernel> first_accepting(const KernelSpec& spec, const std::vector<KernelFactory>& factories,
                                        const std::string& what) {
  std::string reasons;
  for (const KernelFactory& factory : factories) {
    try {
      return factory(spec);
    } catch (const Refused& refusal) {
      reasons += std::string("; ") + refusal.what();
    }
  }
  throw Refused(what + " is refused too" + reasons);
}

MadeKernel make_kernel(const KernelSpec& spec) {
  auto found = registry().find(spec.op);
  if (found == registry().end())
    throw std::invalid_argument("the CPU device has no kernel for op " + spec.op);
  MadeKernel made;
  for (const KernelFactory& factory : found->second) {
    try {
      made.kernel = factory(spec);
      return made;
    } catch (const Refused& refusal) {
      made.refusals.push_back(refusal.what());
    }
  }
  std::string reasons;
  for (const std::string& refusal : made.refusals) reasons += "; " + refusal;
  throw std::invalid_argument("no CPU kernel accepts op " + spec.op + reasons);
}

}  // namespace iabn
