#include "cpu/autotune/kernel_choices.h"

#include <fstream>

#include "cpu/loops/threads.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

std::string cpu_name() {
#ifdef __wasm__  // sees no system
  return "WebAssembly";
#endif
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

Choices& kernel_choices() {
  static Choices instance("IABN_CPU_KERNELS", "cpu-kernels.txt");
  return instance;
}

std::string autotune_machine() {
  static const std::string machine = cpu_name() + ", " + onednn::described();
  return std::to_string(most_threads()) + " threads of " + machine;
}

}  // namespace iabn
