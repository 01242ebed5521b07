// Sums for the columns of a block (rows.h); a part of bodies (each_isa.h).

// Numbers for the columns of a block, written side by side with others. A load waits for an earlier store
// whose address has the same last twelve bits: such arrays lie half a page off.
template <class Number>
struct alignas(64) Columns {
  Number of[kMaxBlock + 2048 / sizeof(Number)];

  IABN_INLINE_MEMBER Number& operator[](int64_t c) { return of[c]; }
  IABN_INLINE_MEMBER void zero(int64_t count) { std::fill_n(of, count, Number{}); }
};

// Adds the sums of a run.
IABN_INLINE void add_run(const float* run, double* sums, int64_t count) {
  for (int64_t c = 0; c < count; ++c) sums[c] += static_cast<double>(run[c]);
}
