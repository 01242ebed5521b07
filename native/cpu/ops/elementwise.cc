// out = f(x0, x1, …), elementwise; out may overwrite any operand of the same size.
#include "cpu/loops/closure.h"
#include "cpu/loops/expression_blocks.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"

namespace iabn {
namespace {

void put(float*, const float*, int64_t) {}
void put(bf16* out, const float* values, int64_t count) { narrow(values, out, count); }

float* straight(float* out) { return out; }
float* straight(bf16*) { return nullptr; }

// The blocks [begin, end) in order.
template <class T>
void compute(const ExpressionBlocks& blocks, const KernelArgs& args, const std::vector<int64_t>& counts,
             int64_t begin, int64_t end) {
  ExpressionThread thread(blocks, args);
  std::vector<int64_t> places(counts.size());
  for (int64_t task = begin; task < end; ++task) {
    int64_t rest = task;
    for (size_t axis = counts.size(); axis-- > 0; rest /= counts[axis]) places[axis] = rest % counts[axis];
    const ExpressionThread::Block block = thread.locate(places.data());
    int64_t slow = 0;
    for (size_t axis = 0; axis + 2 < counts.size(); ++axis) slow = slow * counts[axis] + places[axis];
    T* out = args.out<T>(0) + (slow * blocks.rows() + block.row) * blocks.columns() + block.column;
    put(out, thread.compute(block, straight(out)), block.count());
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const ExpressionBlocks blocks = expression_blocks(spec, nullptr);
  if (blocks.domain.elements() != spec.outputs[0].elements()) {
    throw std::invalid_argument("an expression of another size than its result");
  }
  const std::vector<int64_t> counts = blocks.counts();
  int64_t tasks = 1;
  for (int64_t count : counts) tasks *= count;
  return make_data_kernel(spec.outputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_range(tasks, blocks.rows_at_a_time * blocks.columns_at_a_time, 1,
                   [&](int64_t begin, int64_t end) { compute<T>(blocks, args, counts, begin, end); });
  });
}

const OpRegistration registration("elementwise", {make});

}  // namespace
}  // namespace iabn
