// Connections along which sums go within each node first, so that less crosses the links between nodes, in
// fewer hops.
#pragma once

#include <memory>

#include "comm/lane.h"

namespace iabn {

// Ranks are numbered node after node, `per_node` in each: process i is process i % per_node of node
// i / per_node. Throws std::runtime_error if `per_node` does not divide the number of processes, or the
// library cannot be loaded.
std::unique_ptr<Lane> open_nodes_lane(const LaneOptions& options, int per_node);

}  // namespace iabn
