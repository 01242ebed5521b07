// Body of max_pool_backward.cc (each_isa.h).

typedef uint8_t Bytes __attribute__((vector_size(kLanes)));
typedef Bytes LooseBytes __attribute__((aligned(1), may_alias));

template <class T>
void gather_row(const PoolShape& s, const T* dy, const uint8_t* index, T* dx, int64_t row) {
  const int64_t n = row / s.h, y = row % s.h;
  const Range lines = windows_over(y, s.kh, s.sh, s.ph, s.oh);
  Window<T> windows[kMostTaps];
  for (int64_t x = 0; x < s.w; ++x) {
    const Range pixels = windows_over(x, s.kw, s.sw, s.pw, s.ow);
    int64_t count = 0;
    for (int64_t oy = lines.begin; oy < lines.end; ++oy) {
      for (int64_t ox = pixels.begin; ox < pixels.end; ++ox) {
        const int64_t pixel = (n * s.oh + oy) * s.ow + ox;
        const int64_t here = (y + s.ph - oy * s.sh) * s.kw + x + s.pw - ox * s.sw;
        windows[count++] = {dy + pixel * s.y_pitch, index + pixel * s.c, static_cast<int32_t>(here)};
      }
    }
    T* const to = dx + (row * s.w + x) * s.x_pitch;
    int64_t c = 0;
    for (; c + kLanes <= s.c; c += kLanes) {
      Vec sum{};
      for (int64_t w = 0; w < count; ++w) {
        const Bytes bytes = *reinterpret_cast<const LooseBytes*>(windows[w].places + c);
        const Index places = as_signed(__builtin_convertvector(__builtin_convertvector(bytes, Halves), Bits));
        sum += places == windows[w].here ? get(windows[w].dy + c) : Vec{};
      }
      put(to + c, sum);
    }
    for (; c < s.c; ++c) {
      float sum = 0.0f;
      for (int64_t w = 0; w < count; ++w) {
        if (windows[w].places[c] == windows[w].here) sum += load(windows[w].dy + c);
      }
      store(to + c, sum);
    }
  }
}

constexpr Engine kEngine = {gather_row<float>, gather_row<bf16>};
