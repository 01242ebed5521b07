// y[n, (i·b + j)·C + c, h, w] = x[n, c, h·b + i, w·b + j].
#include "cuda/support/depth_blocks.h"

namespace iabn::cuda {
namespace {

const OpRegistration registration("space_to_depth", {make_block_copy<true>});

}  // namespace
}  // namespace iabn::cuda
