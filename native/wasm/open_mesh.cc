// Processes do not meet in WebAssembly, which has no sockets.
#include <stdexcept>

#include "comm/lane.h"

namespace iabn {

std::unique_ptr<Mesh> open_mesh(const LaneOptions&) {
  throw std::runtime_error("WebAssembly cannot connect processes: use the native addon");
}

}  // namespace iabn
