// Lovász-softmax loss of probabilities p [N,K,S…], and its derivative by p. Of each class k, with errors
// e = |[label = k] − p_k| in descending order and J_r the Jaccard loss of the first r + 1 rows:
//   loss_k = Σ_r e_r·(J_r − J_{r−1})    dp_k = −sign([label = k] − p_k)·(J_r − J_{r−1})
// The loss is the mean over classes, of the whole batch or of each image. slope: f32, of p's shape.
//
// Classes are sorted one after the other, so the workspace is that of one class.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "cuda/support/radix_sort.h"
#include "cuda/support/reduce.h"
#include "cuda/support/workspace.h"
#include "geometry/class_labels.h"
#include "geometry/lovasz.h"

namespace iabn::cuda {
namespace {

// The rows of the batch, or of an image.
struct Rows {
  int64_t begin;
  SortGrid sort;
  bool all;            // classes; else those that occur
  const float* count;  // of all processes, or null
  double images;       // over which the loss is a mean; 0: of the batch as a whole
};

// Parts of the workspace.
struct Scratch {
  uint64_t *entries, *other;  // [rows]
  uint32_t* places;           // [kDigits, blocks]
  double* sums;               // [blocks]
  int32_t* occurs;            // [classes]: rows of each class
  int32_t* needed;            // [classes]: whether the class is in the mean
  double* factor;             // of a class's loss
  double* total;
};

class Layout {
 public:
  Layout(const SortGrid& sort, int64_t classes) {
    const size_t rows = static_cast<size_t>(sort.count), many = static_cast<size_t>(classes);
    entries_ = parts_.add(rows * sizeof(uint64_t));
    other_ = parts_.add(rows * sizeof(uint64_t));
    places_ = parts_.add(sort.places() * sizeof(uint32_t));
    sums_ = parts_.add(static_cast<size_t>(sort.blocks) * sizeof(double));
    occurs_ = parts_.add(many * sizeof(int32_t));
    needed_ = parts_.add(many * sizeof(int32_t));
    factor_ = parts_.add(sizeof(double));
    total_ = parts_.add(sizeof(double));
  }
  size_t bytes() const { return parts_.bytes(); }
  Scratch of(void* workspace) const {
    return {Workspace::at<uint64_t>(workspace, entries_), Workspace::at<uint64_t>(workspace, other_),
            Workspace::at<uint32_t>(workspace, places_),  Workspace::at<double>(workspace, sums_),
            Workspace::at<int32_t>(workspace, occurs_),   Workspace::at<int32_t>(workspace, needed_),
            Workspace::at<double>(workspace, factor_),    Workspace::at<double>(workspace, total_)};
  }

 private:
  Workspace parts_;
  size_t entries_, other_, places_, sums_, occurs_, needed_, factor_, total_;
};

// One block: which classes are in the mean, and the weight of each.
__global__ void __launch_bounds__(kThreads) weigh(Rows rows, int64_t classes, Scratch scratch) {
  __shared__ double shared[kThreads / kWarp];
  double taken = 0.0, counted = 0.0;
  for (int64_t k = threadIdx.x; k < classes; k += kThreads) {
    const int32_t own = scratch.occurs[k];
    counted += own;
    taken += rows.all || own > 0 ? 1.0 : 0.0;
  }
  taken = block_reduce(taken, shared, Add{});
  counted = block_reduce(counted, shared, Add{});
  for (int64_t k = threadIdx.x; k < classes; k += kThreads) {
    scratch.needed[k] = counted > 0.0 && (rows.all || scratch.occurs[k] > 0) ? 1 : 0;
  }
  if (threadIdx.x != 0) return;
  const double given = rows.count == nullptr ? 0.0 : static_cast<double>(*rows.count);
  double share = 1.0;
  if (rows.images > 0.0) {
    share = 1.0 / (rows.count == nullptr ? rows.images : given);
  } else if (rows.count != nullptr) {
    share = counted / given;
  }
  *scratch.factor = taken > 0.0 ? share / taken : 0.0;
}

// places: rows of the class before each block (place_digits by the lowest bit).
__global__ void __launch_bounds__(kThreads)
    walk(Rows rows, Labels labels, int64_t k, Scratch scratch, float* slope) {
  __shared__ uint32_t scanned[kThreads];
  __shared__ double shared[kThreads / kWarp];
  if (scratch.needed[k] == 0) return;
  const SortGrid sort = rows.sort;
  const uint32_t others = scratch.places[sort.blocks];
  const int64_t all = sort.count - others;
  int64_t own_before = scratch.places[sort.blocks + blockIdx.x] - others;
  const double factor = *scratch.factor;
  double sum = 0.0;
  const int64_t first = blockIdx.x * sort.range;
  for (int64_t tile = first; tile < first + sort.range && tile < sort.count; tile += kSortTile) {
    const int64_t mine = tile + threadIdx.x * kSortItems;
    uint32_t own = 0;
    for (int j = 0; j < kSortItems && mine + j < sort.count; ++j) {
      own += lovasz_own(scratch.entries[mine + j]) ? 1u : 0u;
    }
    const int64_t passed = own_before + scan_block(own, scanned);
    LovaszWalk steps = LovaszWalk::at(mine, passed, all);
    for (int j = 0; j < kSortItems && mine + j < sort.count; ++j) {
      const LovaszEntry entry = scratch.entries[mine + j];
      if (!lovasz_counts(entry)) break;
      const double step = steps.step(lovasz_own(entry));
      sum += static_cast<double>(lovasz_error(entry)) * step;
      const int64_t row = rows.begin + lovasz_row(entry);
      slope[row * labels.classes + k] =
          static_cast<float>(factor * static_cast<double>(lovasz_sign(entry)) * step);
    }
    // The last thread knows the rows of the whole tile.
    if (threadIdx.x == kThreads - 1) scanned[0] = static_cast<uint32_t>(passed + own - own_before);
    __syncthreads();
    own_before += scanned[0];
    __syncthreads();
  }
  sum = block_reduce(sum, shared, Add{});
  if (threadIdx.x == 0) scratch.sums[blockIdx.x] = sum;
}

template <class T>
void run_class(const Context& context, const Rows& rows, Labels labels, int64_t k, const T* p,
               const Scratch& scratch, float* slope) {
  const SortGrid sort = rows.sort;
  const int32_t* needed = scratch.needed + k;
  uint64_t* entries = scratch.entries;
  const int64_t begin = rows.begin;
  for_items(context, sort.count, [=] __device__(int64_t i) {
    if (*needed == 0) return;
    const int64_t row = begin + i;
    entries[i] = labels.counted(row)
                     ? lovasz_entry(to_float(p[row * labels.classes + k]), i, labels.at(row) == k)
                     : lovasz_ignored();
  });
  radix_sort(context.stream, sort, kLovaszShift, kLovaszBits, needed, entries, scratch.other, scratch.places);
  place_digits(context.stream, sort, Digit{0, 1u}, needed, entries, scratch.places);
  launch(context.stream, walk, sort.grid(), kThreads, rows, labels, k, scratch, slope);
  for_items(context, 1, [=] __device__(int64_t) {
    if (*needed == 0) return;
    double sum = 0.0;
    for (int64_t block = 0; block < sort.blocks; ++block) sum += scratch.sums[block];
    *scratch.total += *scratch.factor * sum;
  });
}

template <class T>
void run_group(const Context& context, const Rows& rows, Labels labels, const T* p, const Scratch& scratch,
               float* slope) {
  int32_t* occurs = scratch.occurs;
  const int64_t begin = rows.begin;
  for_items(context, labels.classes, [=] __device__(int64_t k) { occurs[k] = 0; });
  // Integer sums do not depend on the order.
  for_items(context, rows.sort.count, [=] __device__(int64_t i) {
    if (labels.counted(begin + i)) atomicAdd(occurs + labels.at(begin + i), int32_t{1});
  });
  launch(context.stream, weigh, dim3(1), kThreads, rows, labels.classes, scratch);
  for (int64_t k = 0; k < labels.classes; ++k) run_class(context, rows, labels, k, p, scratch, slope);
}

template <class T>
void run(const Context& context, Rows rows, int64_t groups, Labels labels, const T* p, const Scratch& scratch,
         float* loss, float* slope) {
  double* total = scratch.total;
  for_items(context, groups * rows.sort.count * labels.classes,
            [=] __device__(int64_t i) { slope[i] = 0.0f; });
  for_items(context, 1, [=] __device__(int64_t) { *total = 0.0; });
  for (int64_t group = 0; group < groups; ++group, rows.begin += rows.sort.count) {
    run_group(context, rows, labels, p, scratch, slope);
  }
  for_items(context, 1, [=] __device__(int64_t) { *loss = static_cast<float>(*total); });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t classes = spec.inputs[0].channels(), images = spec.inputs[0].dims[0];
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const bool per_image = spec.attrs.boolean("per_image"), all = spec.attrs.string("classes") == "all";
  const bool given = spec.inputs.size() > 2 && spec.inputs[2].present();
  const DType label_type = spec.inputs[1].dtype;
  const int64_t groups = per_image ? images : 1;
  const SortGrid sort = SortGrid::of(groups == 0 ? 0 : spec.inputs[0].rows() / groups);
  const Layout layout(sort, classes);
  const double mean_over = per_image ? static_cast<double>(images) : 0.0;
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const Rows first = {0, sort, all, given ? args.in<float>(2) : nullptr, mean_over};
        run(context, first, groups, labels_of(args, label_type, classes, ignore), args.in<T>(0),
            layout.of(args.workspace), args.out<float>(0), args.out<float>(1));
      },
      layout.bytes());
}

const OpRegistration registration("lovasz_softmax", {make});

}  // namespace
}  // namespace iabn::cuda
