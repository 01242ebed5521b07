// Rows of elements taken two vectors at a time; a part of bodies (each_isa.h).

// Neighboring elements in the order that costs the least work: of float32 a vector and the next one, of
// bfloat16 those at even places and those at odd places.
struct Pair {
  Vec a, b;
};

constexpr int64_t kPair = 2 * kLanes;

// How many of a pair's elements there are: all, or fewer at the end of a row.
struct Whole {};
struct Rest {
  int64_t count;
};

typedef Bits LooseBits __attribute__((aligned(2), may_alias));

IABN_INLINE Pair read_pair(const float* p, Whole) { return {get(p), get(p + kLanes)}; }
IABN_INLINE Pair read_pair(const bf16* p, Whole) {
  const Bits both = *reinterpret_cast<const LooseBits*>(p);
  return {float_of(both << 16), float_of(both & 0xffff0000u)};
}

template <class T>
IABN_INLINE Pair read_pair(const T* p, Rest rest) {
  T all[kPair] = {};
  std::copy_n(p, rest.count, all);
  return read_pair(all, Whole{});
}

IABN_INLINE void write_pair(float* p, Pair v, Whole) { put(p, v.a), put(p + kLanes, v.b); }

IABN_INLINE void write_pair(bf16* p, Pair v, Whole) {
#ifdef IABN_NATIVE_BF16
  // The instruction puts one vector's halves behind the other's.
  typedef uint16_t AllHalves __attribute__((vector_size(64)));
  const AllHalves halves = (AllHalves)_mm512_cvtne2ps_pbh((__m512)v.b, (__m512)v.a);
  *reinterpret_cast<LooseBits*>(p) =
      (Bits)__builtin_shufflevector(halves, halves, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8,
                                    24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#else
  *reinterpret_cast<LooseBits*>(p) = (rounded(v.a) >> 16) | (rounded(v.b) & 0xffff0000u);
#endif
}

template <class T>
IABN_INLINE void write_pair(T* p, Pair v, Rest rest) {
  T all[kPair];
  write_pair(all, v, Whole{});
  std::copy_n(all, rest.count, p);
}

// Numbers for columns lie in the order of pairs of T: whole pairs, whatever there is of the last one's
// columns.
IABN_INLINE Pair read_columns(const float* p) { return read_pair(p, Whole{}); }
IABN_INLINE void add_columns(float* sums, Pair v) {
  const Pair so_far = read_columns(sums);
  write_pair(sums, {so_far.a + v.a, so_far.b + v.b}, Whole{});
}

// Every other element of `low` and `high`, from `First` on.
template <int First, int... L>
IABN_INLINE Vec every_other(Vec low, Vec high, std::integer_sequence<int, L...>) {
  return __builtin_shufflevector(low, high, (2 * L + First)...);
}

// Brings columns, which fill pairs, from their own order to that of pairs of T.
template <class T>
void order_columns(float* columns, int64_t count) {
  if constexpr (std::is_same_v<T, float>) return;
  for (int64_t c = 0; c < count; c += kPair) {
    const Vec low = get(columns + c), high = get(columns + c + kLanes);
    put(columns + c, every_other<0>(low, high, LaneNumbers{}));
    put(columns + c + kLanes, every_other<1>(low, high, LaneNumbers{}));
  }
}

// Copies columns from the order of pairs of T, which are whole, to their own.
template <class T>
void copy_columns(const double* from, double* to, int64_t count) {
  if constexpr (std::is_same_v<T, float>) {
    std::copy_n(from, count, to);
    return;
  }
  const auto copy_pair = [](const double* pair, double* there) IABN_INLINE_LAMBDA {
    for (int64_t i = 0; i < kLanes; ++i) {
      there[2 * i] = pair[i];
      there[2 * i + 1] = pair[kLanes + i];
    }
  };
  int64_t c = 0;
  for (; c + kPair <= count; c += kPair) copy_pair(from + c, to + c);
  if (c == count) return;
  double rest[kPair];
  copy_pair(from + c, rest);
  std::copy_n(rest, count - c, to + c);
}

// body(c, size) for the pairs that cover [0, columns).
template <class Body>
IABN_INLINE void for_pairs(int64_t columns, const Body& body) {
  int64_t c = 0;
  for (; c + kPair <= columns; c += kPair) body(c, Whole{});
  if (c < columns) body(c, Rest{columns - c});
}

// body(row, apart, count) for rows taken `count` at a time, a constant, so that what belongs to a column is
// read once for several: `row` and those `apart` rows from it and from each other. They are as far apart as
// can be, so that each of the streams that the hardware fetches ahead goes through pages of its own. Where
// rows are written, too, all are read first: a load waits for an earlier store whose address has the same
// last twelve bits, as neighbors in a column often have.
template <int64_t Together, class Body>
IABN_INLINE void for_rows(int64_t begin, int64_t end, const Body& body) {
  const int64_t apart = (end - begin) / Together;
  for (int64_t row = begin; row < begin + apart; ++row) {
    body(row, apart, std::integral_constant<int64_t, Together>{});
  }
  for (int64_t row = begin + Together * apart; row < end; ++row) {
    body(row, int64_t{1}, std::integral_constant<int64_t, 1>{});
  }
}
