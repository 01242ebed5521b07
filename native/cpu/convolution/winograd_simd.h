// Body of winograd_engine.cc (each_isa.h).
#include "cpu/simd/exp_log_simd.h"
#include "cpu/simd/phi_simd.h"

constexpr float kA = 0.625f, kB = 1.5f;
constexpr float kA2 = kA * kA, kB2 = kB * kB;
// 1 / Π (p − q) over the other points q.
constexpr float kWeight0 = 1.0f / (kA2 * kB2);
constexpr float kWeightA = 1.0f / (2.0f * kA2 * (kA2 - kB2));
constexpr float kWeightB = 1.0f / (2.0f * kB2 * (kB2 - kA2));

// Evaluates a polynomial, given as even and odd terms, at 0, ±a, ±b and ∞.
IABN_INLINE void at_points(Vec zero, Vec even_a, Vec odd_a, Vec even_b, Vec odd_b, Vec infinity,
                           Vec (&t)[6]) {
  t[0] = zero;
  t[1] = even_a + odd_a;
  t[2] = even_a - odd_a;
  t[3] = even_b + odd_b;
  t[4] = even_b - odd_b;
  t[5] = infinity;
}

//      ⎡a²b²  0   −a²−b²   0    1  0⎤
//      ⎢ 0  −ab²   −b²     a    1  0⎥
// Bᵀ = ⎢ 0   ab²   −b²    −a    1  0⎥
//      ⎢ 0  −a²b   −a²     b    1  0⎥
//      ⎢ 0   a²b   −a²    −b    1  0⎥
//      ⎣ 0  a²b²    0   −a²−b²  0  1⎦
struct InputTransform {
  static constexpr int from = 6, to = 6;
  IABN_INLINE_MEMBER static void apply(const Vec (&d)[6], Vec (&t)[6]) {
    const Vec even_a = d[4] - kB2 * d[2], odd_a = kA * (d[3] - kB2 * d[1]);
    const Vec even_b = d[4] - kA2 * d[2], odd_b = kB * (d[3] - kA2 * d[1]);
    const Vec zero = kA2 * kB2 * d[0] + (d[4] - (kA2 + kB2) * d[2]);
    const Vec infinity = kA2 * kB2 * d[1] + (d[5] - (kA2 + kB2) * d[3]);
    at_points(zero, even_a, odd_a, even_b, odd_b, infinity, t);
  }
};

//      ⎡1  1   1   1   1  0⎤
// Aᵀ = ⎢0  a  −a   b  −b  0⎥
//      ⎢0  a²  a²  b²  b² 0⎥
//      ⎣0  a³ −a³  b³ −b³ 1⎦
struct OutputTransform {
  static constexpr int from = 6, to = 4;
  IABN_INLINE_MEMBER static void apply(const Vec (&m)[6], Vec (&y)[4]) {
    const Vec even_a = m[1] + m[2], odd_a = kA * (m[1] - m[2]);
    const Vec even_b = m[3] + m[4], odd_b = kB * (m[3] - m[4]);
    y[0] = m[0] + even_a + even_b;
    y[1] = odd_a + odd_b;
    y[2] = kA2 * even_a + kB2 * even_b;
    y[3] = kA2 * odd_a + kB2 * odd_b + m[5];
  }
};

// A
struct OutputDiffTransform {
  static constexpr int from = 4, to = 6;
  IABN_INLINE_MEMBER static void apply(const Vec (&y)[4], Vec (&m)[6]) {
    const Vec even_a = y[0] + kA2 * y[2], odd_a = kA * (y[1] + kA2 * y[3]);
    const Vec even_b = y[0] + kB2 * y[2], odd_b = kB * (y[1] + kB2 * y[3]);
    at_points(y[0], even_a, odd_a, even_b, odd_b, y[3], m);
  }
};

// Row p of G is [1 p p²] times the weight of p; that of ∞ is [0 0 1].
struct FilterTransform {
  static constexpr int from = 3, to = 6;
  IABN_INLINE_MEMBER static void apply(const Vec (&g)[3], Vec (&t)[6]) {
    const Vec even_a = kWeightA * (g[0] + kA2 * g[2]), odd_a = kWeightA * kA * g[1];
    const Vec even_b = kWeightB * (g[0] + kB2 * g[2]), odd_b = kWeightB * kB * g[1];
    at_points(kWeight0 * g[0], even_a, odd_a, even_b, odd_b, g[2], t);
  }
};

// Gᵀ
struct FilterDiffTransform {
  static constexpr int from = 6, to = 3;
  IABN_INLINE_MEMBER static void apply(const Vec (&m)[6], Vec (&g)[3]) {
    const Vec even_a = kWeightA * (m[1] + m[2]), odd_a = kWeightA * kA * (m[1] - m[2]);
    const Vec even_b = kWeightB * (m[3] + m[4]), odd_b = kWeightB * kB * (m[3] - m[4]);
    g[0] = kWeight0 * m[0] + even_a + even_b;
    g[1] = odd_a + odd_b;
    g[2] = kA2 * even_a + kB2 * even_b + m[5];
  }
};

// T·m·Tᵀ: columns while reading, then rows while writing.
template <class Transform, class Read, class Write>
IABN_INLINE void transform(const Read& read, const Write& write) {
  constexpr int from = Transform::from, to = Transform::to;
  Vec half[to][from];
#pragma GCC unroll 6
  for (int j = 0; j < from; ++j) {
    Vec column[from], out[to];
#pragma GCC unroll 6
    for (int i = 0; i < from; ++i) column[i] = read(i * from + j);
    Transform::apply(column, out);
#pragma GCC unroll 6
    for (int i = 0; i < to; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < to; ++i) {
    Vec out[to];
    Transform::apply(half[i], out);
#pragma GCC unroll 6
    for (int j = 0; j < to; ++j) write(i * to + j, out[j]);
  }
}

// Prefetches a cache line of each pixel of the next tile that this one does not share. The hardware
// prefetcher does not predict six short rows, and could not keep up with all lines of a tile at once.
template <class T>
IABN_INLINE void fetch(const T* const* next, int64_t c) {
  constexpr int64_t line = 64 / sizeof(T);
  if (c % line != 0) return;
  for (int i = 0; i < kPoints; ++i) {
    if (i % kPatch >= kPatch - kTile) __builtin_prefetch(next[i] + c);
  }
}

// Calls before(c) for each vector of channels.
template <class Transform, class T, class Before>
IABN_INLINE void pixels_to_points(const T* const* pixels, int64_t channels, Points out,
                                  const Before& before) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    before(c);
    transform<Transform>([&](int i) IABN_INLINE_LAMBDA { return get(pixels[i] + c); },
                         [&](int i, const Vec& v)
                             IABN_INLINE_LAMBDA { put(out.data + i * out.stride + c, v); });
  }
}

template <class T>
void input(const T* const* pixels, const T* const* next, int64_t channels, Points out) {
  pixels_to_points<InputTransform>(pixels, channels, out,
                                   [=](int64_t c) IABN_INLINE_LAMBDA { fetch(next, c); });
}

template <class T>
void output_diff(const T* const* pixels, int64_t channels, Points out) {
  pixels_to_points<OutputDiffTransform>(pixels, channels, out, [](int64_t) IABN_INLINE_LAMBDA {});
}

template <class T>
void output(Points products, int64_t channels, const TileEnd<T>& end, T* const* pixels) {
  with_activation(end.activation, [&](auto phi) IABN_INLINE_LAMBDA {
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Vec bias = end.bias ? get(end.bias + c) : Vec{};
      transform<OutputTransform>(
          [&](int i) IABN_INLINE_LAMBDA { return get(products.data + i * products.stride + c); },
          [&](int i, const Vec& v) IABN_INLINE_LAMBDA {
            if (pixels[i] == nullptr) return;
            Vec y = v + bias;
            if (end.addend) y += get(end.addend[i] + c);
            put(pixels[i] + c, phi.forward(y));
          });
    }
  });
}

// Inputs whose taps are adjacent in memory are read and written together, one output at a time: the stride
// between outputs is large, and often a multiple of the cache's ways.
constexpr int64_t kTogether = 8;

void filters(const Filters& f, int64_t inputs, int64_t width, Points out) {
  for (int64_t begin = 0; begin < inputs; begin += kTogether) {
    const int64_t count = std::min(kTogether, inputs - begin);
    for (int64_t o = 0; o < width; o += kLanes) {
      float taps[kTogether][9][kLanes];
      for (int l = 0; l < kLanes; ++l) {
        for (int64_t c = 0; c < count; ++c) {
          const float* from = f.taps + (o + l) * f.output_step + (begin + c) * f.input_step;
          for (int t = 0; t < 9; ++t) taps[c][t][l] = from[f.rotated ? 8 - t : t];
        }
      }
      for (int64_t c = 0; c < count; ++c) {
        float* const to = out.data + (begin + c) * width + o;
        transform<FilterTransform>([&](int i) IABN_INLINE_LAMBDA { return get(taps[c][i]); },
                                   [&](int i, const Vec& v)
                                       IABN_INLINE_LAMBDA { put(to + i * out.stride, v); });
      }
    }
  }
}

void filters_diff(Points products, int64_t inputs, int64_t width, const Filters& f) {
  for (int64_t begin = 0; begin < inputs; begin += kTogether) {
    const int64_t count = std::min(kTogether, inputs - begin);
    for (int64_t o = 0; o < width; o += kLanes) {
      float taps[kTogether][9][kLanes];
      for (int64_t c = 0; c < count; ++c) {
        const float* const from = products.data + (begin + c) * width + o;
        transform<FilterDiffTransform>([&](int i)
                                           IABN_INLINE_LAMBDA { return get(from + i * products.stride); },
                                       [&](int i, const Vec& v) IABN_INLINE_LAMBDA { put(taps[c][i], v); });
      }
      for (int l = 0; l < kLanes; ++l) {
        for (int64_t c = 0; c < count; ++c) {
          float* const to = f.taps + (o + l) * f.output_step + (begin + c) * f.input_step;
          for (int t = 0; t < 9; ++t) to[t] = taps[c][t][l];
        }
      }
    }
  }
}

constexpr Engine kEngine = {
    {{input<float>, output_diff<float>, output<float>}, {input<bf16>, output_diff<bf16>, output<bf16>}},
    filters,
    filters_diff};
