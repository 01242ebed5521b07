#include <map>

#include "program/kernel.h"

namespace iabn {
namespace {

std::map<std::string, std::vector<KernelFactory>>& registry() {
  static std::map<std::string, std::vector<KernelFactory>> ops;
  return ops;
}

// The kernel of the first factory that accepts, or null; and the reasons of those before it.
std::unique_ptr<Kernel> first_of(const KernelSpec& spec, const std::vector<KernelFactory>& factories,
                                 std::vector<std::string>& refusals) {
  for (const KernelFactory& factory : factories) {
    try {
      return factory(spec);
    } catch (const Refused& refusal) {
      refusals.push_back(refusal.what());
    }
  }
  return nullptr;
}

std::string listed(const std::vector<std::string>& refusals) {
  std::string reasons;
  for (const std::string& refusal : refusals) reasons += "; " + refusal;
  return reasons;
}

}  // namespace

void register_op(const char* op, std::vector<KernelFactory> implementations) {
  registry()[op] = std::move(implementations);
}

bool has_op(const std::string& op) { return registry().count(op) != 0; }

std::unique_ptr<Kernel> first_accepting(const KernelSpec& spec, const std::vector<KernelFactory>& factories,
                                        const std::string& what) {
  std::vector<std::string> refusals;
  if (auto kernel = first_of(spec, factories, refusals)) return kernel;
  throw Refused(what + " is refused too" + listed(refusals));
}

MadeKernel make_kernel(const KernelSpec& spec) {
  auto found = registry().find(spec.op);
  if (found == registry().end())
    throw std::invalid_argument("the CPU device has no kernel for op " + spec.op);
  MadeKernel made;
  made.kernel = first_of(spec, found->second, made.refusals);
  if (!made.kernel)
    throw std::invalid_argument("no CPU kernel accepts op " + spec.op + listed(made.refusals));
  return made;
}

}  // namespace iabn
