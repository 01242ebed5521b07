// Wide rows (rows.h) as pairs can be read from them; a part of bodies (each_isa.h).

// Wide rows in segments that no pair reaches out of.
template <class T>
struct PairedLines {
  Lines<T> lines;
  int64_t segments, columns;
};

// Puts the segments of Count wide rows side by side where they do not fill pairs.
template <class T, int64_t Count>
class RowBuffer {
 public:
  IABN_INLINE_MEMBER PairedLines<T> paired(Lines<T> x, const Tile& tile) {
    const int64_t segments = tile.segments, columns = tile.columns;
    if (segments == 1 || columns % kPair == 0) return {x, segments, columns};
    for (int64_t r = 0; r < Count; ++r) {
      for (int64_t k = 0; k < segments; ++k) {
        std::copy_n(x.data + r * x.stride + k * x.pitch, columns, rows_[r] + k * columns);
      }
    }
    return {{rows_[0], kMaxBlock, 0}, 1, segments * columns};
  }

 private:
  T rows_[Count][kMaxBlock];
};
