// Blocks of WebAssembly's one linear memory.
#pragma once

#include "program/memory.h"

namespace iabn {

// Its discard() frees the block for others, as no system could take it back. renew() makes it valid again, at
// another address; programs that were loaded before must be loaded again.
class LinearMemory : public HostMemory {
 public:
  using HostMemory::HostMemory;
  void discard() override;
  void renew();
  uint8_t* data() const { return data_; }
};

}  // namespace iabn
