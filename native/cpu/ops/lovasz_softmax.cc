// Lovász-softmax loss of probabilities p [N,K,S…], and its derivative by p. Of each class k, with errors
// e = |[label = k] − p_k| in descending order and J_r the Jaccard loss of the first r + 1 rows:
//   loss_k = Σ_r e_r·(J_r − J_{r−1})    dp_k = −sign([label = k] − p_k)·(J_r − J_{r−1})
// The loss is the mean over classes, of the whole batch or of each image. slope: f32, of p's shape.
//
// Threads share the sort of one class: a stable radix sort over a grid of chunks. Its result is one, and sums
// are of each chunk, so the number of threads decides no bit, and the workspace is that of one class.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/class_labels.h"
#include "geometry/lovasz.h"

namespace iabn {
namespace {

constexpr int kDigitBits = 11, kPasses = 3;
constexpr int64_t kBuckets = int64_t{1} << kDigitBits;
constexpr int64_t kMostChunks = 32, kChunkRows = 4096;
static_assert(kDigitBits * kPasses >= kLovaszBits, "every bit of a key is sorted by");

// Rows [begin, begin + rows) in chunks.
struct Rows {
  int64_t begin, rows, chunks;

  int64_t chunk() const { return ceil_div(rows, chunks); }
  int64_t first(int64_t i) const { return std::min(rows, i * chunk()); }
  // body(chunk, first, end), with rows counted from `begin`.
  template <class Body>
  void parallel(const Body& body) const {
    parallel_tasks(chunks, rows, [&](int64_t i) { body(i, first(i), first(i + 1)); });
  }
};

int64_t chunks_of(int64_t rows) {
  return std::max<int64_t>(1, std::min(kMostChunks, ceil_div(rows, kChunkRows)));
}

// Parts of the workspace.
struct Scratch {
  LovaszEntry *entries, *sorted;  // [rows]
  double* sums;                   // [chunks]
  int64_t* owns;                  // [chunks]: rows of the class
  uint32_t* digits;               // [chunks, kBuckets]
  uint32_t* labels;               // [chunks, classes]

  static size_t bytes(const Rows& rows, int64_t classes) {
    const size_t count = static_cast<size_t>(rows.rows), chunks = static_cast<size_t>(rows.chunks);
    const size_t each =
        sizeof(double) + sizeof(int64_t) + sizeof(uint32_t) * static_cast<size_t>(kBuckets + classes);
    return 2 * count * sizeof(LovaszEntry) + chunks * each;
  }
  static Scratch at(void* workspace, const Rows& rows) {
    LovaszEntry* entries = static_cast<LovaszEntry*>(workspace);
    double* sums = reinterpret_cast<double*>(entries + 2 * rows.rows);
    int64_t* owns = reinterpret_cast<int64_t*>(sums + rows.chunks);
    uint32_t* digits = reinterpret_cast<uint32_t*>(owns + rows.chunks);
    return {entries, entries + rows.rows, sums, owns, digits, digits + rows.chunks * kBuckets};
  }
};

uint32_t digit_of(LovaszEntry entry, int pass) {
  return static_cast<uint32_t>(entry >> (kLovaszShift + pass * kDigitBits)) & ((1u << kDigitBits) - 1u);
}

// Sorts the entries and returns where they are.
const LovaszEntry* sort(const Rows& rows, const Scratch& scratch) {
  LovaszEntry *from = scratch.entries, *to = scratch.sorted;
  for (int pass = 0; pass < kPasses; ++pass) {
    rows.parallel([&](int64_t chunk, int64_t first, int64_t end) {
      uint32_t* counts = scratch.digits + chunk * kBuckets;
      std::fill_n(counts, kBuckets, 0u);
      for (int64_t i = first; i < end; ++i) ++counts[digit_of(from[i], pass)];
    });
    uint32_t at = 0;
    for (int64_t bucket = 0; bucket < kBuckets; ++bucket) {
      for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) {
        uint32_t& place = scratch.digits[chunk * kBuckets + bucket];
        const uint32_t count = place;
        place = at;
        at += count;
      }
    }
    rows.parallel([&](int64_t chunk, int64_t first, int64_t end) {
      uint32_t* places = scratch.digits + chunk * kBuckets;
      for (int64_t i = first; i < end; ++i) to[places[digit_of(from[i], pass)]++] = from[i];
    });
    std::swap(from, to);
  }
  return from;
}

// Rows of one class, in the whole group.
int64_t rows_of(const Rows& rows, const Scratch& scratch, int64_t classes, int64_t k) {
  int64_t count = 0;
  for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) count += scratch.labels[chunk * classes + k];
  return count;
}

template <class T>
struct Loss {
  const T* p;
  float* slope;
  Labels labels;
  bool all;  // classes; else those that occur

  void count_labels(const Rows& rows, const Scratch& scratch) const {
    rows.parallel([&](int64_t chunk, int64_t first, int64_t end) {
      uint32_t* counts = scratch.labels + chunk * labels.classes;
      std::fill_n(counts, labels.classes, 0u);
      for (int64_t row = rows.begin + first; row < rows.begin + end; ++row) {
        if (labels.counted(row)) ++counts[labels.at(row)];
      }
    });
  }

  void fill(const Rows& rows, const Scratch& scratch, int64_t k) const {
    rows.parallel([&](int64_t, int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) {
        const int64_t row = rows.begin + i;
        scratch.entries[i] = labels.counted(row)
                                 ? lovasz_entry(load(p + row * labels.classes + k), i, labels.at(row) == k)
                                 : lovasz_ignored();
      }
    });
  }

  // The sum over the sorted rows of a class; writes their slopes, times `factor`.
  double walk(const Rows& rows, const Scratch& scratch, const LovaszEntry* sorted, int64_t k,
              double factor) const {
    rows.parallel([&](int64_t chunk, int64_t first, int64_t end) {
      int64_t own = 0;
      for (int64_t i = first; i < end; ++i) own += lovasz_own(sorted[i]) ? 1 : 0;
      scratch.owns[chunk] = own;
    });
    int64_t found = 0;
    for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) {
      const int64_t own = scratch.owns[chunk];
      scratch.owns[chunk] = found;
      found += own;
    }
    rows.parallel([&](int64_t chunk, int64_t first, int64_t end) {
      LovaszWalk steps = LovaszWalk::at(first, scratch.owns[chunk], found);
      double sum = 0.0;
      for (int64_t i = first; i < end && lovasz_counts(sorted[i]); ++i) {
        const double step = steps.step(lovasz_own(sorted[i]));
        sum += lovasz_error(sorted[i]) * step;
        const int64_t row = rows.begin + lovasz_row(sorted[i]);
        slope[row * labels.classes + k] = static_cast<float>(factor * lovasz_sign(sorted[i]) * step);
      }
      scratch.sums[chunk] = sum;
    });
    double sum = 0.0;
    for (int64_t chunk = 0; chunk < rows.chunks; ++chunk) sum += scratch.sums[chunk];
    return sum;
  }

  // The part of some rows in the loss. share(counted rows) is their weight.
  template <class Share>
  double of(const Rows& rows, const Scratch& scratch, const Share& share) const {
    count_labels(rows, scratch);
    int64_t taken = 0, counted = 0;
    for (int64_t k = 0; k < labels.classes; ++k) {
      const int64_t own = rows_of(rows, scratch, labels.classes, k);
      taken += all || own > 0 ? 1 : 0;
      counted += own;
    }
    if (counted == 0) return 0.0;
    const double factor = share(counted) / static_cast<double>(taken);
    double sum = 0.0;
    for (int64_t k = 0; k < labels.classes; ++k) {
      if (!all && rows_of(rows, scratch, labels.classes, k) == 0) continue;
      fill(rows, scratch, k);
      sum += walk(rows, scratch, sort(rows, scratch), k, factor);
    }
    return factor * sum;
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  const int64_t images = spec.inputs[0].dims[0], ignore = spec.attrs.integer("ignore_index");
  const bool per_image = spec.attrs.boolean("per_image"), all = spec.attrs.string("classes") == "all";
  const bool given = spec.inputs.size() > 2 && spec.inputs[2].present();
  const DType label_type = spec.inputs[1].dtype;
  const int64_t groups = per_image ? images : 1, size = groups == 0 ? 0 : rows / groups;
  const Rows first{0, size, chunks_of(size)};
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const Loss<T> loss{args.in<T>(0), args.out<float>(1), labels_of(args, label_type, classes, ignore),
                           all};
        parallel_elements(rows * classes, [&](int64_t begin, int64_t end) {
          std::fill(loss.slope + begin, loss.slope + end, 0.0f);
        });
        const double count = given ? *args.in<float>(2) : 0.0;
        const auto share = [=](int64_t counted) {
          if (per_image) return 1.0 / (given ? count : static_cast<double>(images));
          return given ? static_cast<double>(counted) / count : 1.0;
        };
        double sum = 0.0;
        for (int64_t group = 0; group < groups; ++group) {
          const Rows own{group * size, size, first.chunks};
          sum += loss.of(own, Scratch::at(args.workspace, own), share);
        }
        *args.out<float>(0) = static_cast<float>(sum);
      },
      Scratch::bytes(first, classes));
}

const OpRegistration registration("lovasz_softmax", {make});

}  // namespace
}  // namespace iabn
