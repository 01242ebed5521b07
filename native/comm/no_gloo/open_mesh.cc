// Of an addon without Gloo, as for macOS, Windows and WebAssembly.
#include <stdexcept>

#include "comm/lane.h"

namespace iabn {

std::unique_ptr<Mesh> open_mesh(const LaneOptions&) {
  throw std::runtime_error("this addon cannot connect processes: those for Linux on x64 and ARM can");
}

}  // namespace iabn
