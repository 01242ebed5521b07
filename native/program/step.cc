#include "program/device.h"

namespace iabn {

void run_step(const Step& step) {
  try {
    const KernelArgs args{step.inputs, step.outputs, step.workspace, step.layout};
    if (step.lays_out) {
      step.kernel->lay_out(args);
    } else {
      step.kernel->run(args);
    }
  } catch (const RunStopped&) {
    throw;
  } catch (const std::exception& failure) {
    throw std::runtime_error(step.name + " failed: " + failure.what());
  }
}

}  // namespace iabn
