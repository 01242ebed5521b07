// The two halves of a sum between processes that all send to all: within a node, latency counts more than the
// number of messages.
#pragma once

#include <gloo/context.h>

#include <chrono>
#include <memory>

#include "comm/lane.h"

namespace iabn {

// As Mesh's; both throw gloo::Exception.
void reduce_scatter(const std::shared_ptr<gloo::Context>& context, void* data, size_t elements, SumType type,
                    std::chrono::milliseconds timeout);
void gather_parts(const std::shared_ptr<gloo::Context>& context, void* data, size_t elements, SumType type,
                  std::chrono::milliseconds timeout);

}  // namespace iabn
