// Begins Σ over the processes of the group. It is enqueued like any kernel; what follows waits in
// all_reduce_wait.
#include "cuda/support/sum_over_group.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) { return make_sum(spec, context); }

const OpRegistration registration("all_reduce_start", {make});

}  // namespace
}  // namespace iabn::cuda
