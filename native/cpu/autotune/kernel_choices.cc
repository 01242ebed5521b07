#include "cpu/autotune/kernel_choices.h"

#include "cpu/loops/threads.h"
#include "cpu/onednn/onednn.h"
#include "platform/platform.h"

namespace iabn {
Choices& kernel_choices() {
  static Choices instance("IABN_CPU_KERNELS", "cpu-kernels.txt");
  return instance;
}

std::string autotune_machine() {
  static const std::string machine = platform::processor_name() + ", " + onednn::described();
  return std::to_string(most_threads()) + " threads of " + machine;
}

}  // namespace iabn
