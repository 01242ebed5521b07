// dx[n, c, h·b + i, w·b + j] = dy[n, (i·b + j)·C + c, h, w].
#include "cuda/support/depth_blocks.h"

namespace iabn::cuda {
namespace {

const OpRegistration registration("space_to_depth_backward", {make_block_copy<false>});

}  // namespace
}  // namespace iabn::cuda
