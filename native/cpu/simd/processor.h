// The instruction sets of this CPU.
#pragma once

#include "cpu/onednn/onednn.h"

namespace iabn {

// True if it has all instructions that bodies are compiled for (each_isa.h).
bool processor_has(onednn::Isa isa);

}  // namespace iabn
