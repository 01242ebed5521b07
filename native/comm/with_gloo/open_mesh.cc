// Loads Gloo's library from the addon's folder. A single process never does.
#include <dlfcn.h>

#include <stdexcept>

#include "comm/lane.h"
#include "platform/platform.h"

namespace iabn {
namespace {

using Open = Mesh* (*)(const LaneOptions*);

constexpr const char* kLibrary = "inplace_abn_gloo.so";

std::string beside_this_code(const char* name) {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&beside_this_code), &info) == 0) return name;
  const std::string addon = info.dli_fname;
  return addon.substr(0, addon.rfind('/') + 1) + name;
}

// Opened once and never closed, because its threads may live as long as the process.
Open library() {
  static const Open open = [] {
    const std::string path = beside_this_code(kLibrary);
    void* const handle = platform::open_library(path, "Gloo, which connects processes,");
    auto found = reinterpret_cast<Open>(platform::symbol_of(handle, "iabn_gloo_mesh"));
    if (!found) throw std::runtime_error(path + " does not belong to this addon");
    return found;
  }();
  return open;
}

}  // namespace

std::unique_ptr<Mesh> open_mesh(const LaneOptions& options) {
  return std::unique_ptr<Mesh>(library()(&options));
}

}  // namespace iabn
