// Tiles of Winograd convolutions: the 4×4 outputs of a tile and the 6×6 inputs that it needs.
#pragma once

#include <algorithm>
#include <vector>

#include "cpu/convolution/winograd_engine.h"
#include "cpu/loops/parallel.h"
#include "geometry/conv_shape.h"

namespace iabn::winograd {

constexpr int64_t kPointBytes = kPoints * int64_t{sizeof(float)};
constexpr int64_t kGroupBytes = int64_t{4} << 20;  // of the weights' points, or of sums at these
constexpr int64_t kGroupUnit = 32;                 // outputs: whole vectors of any instruction set

// Elements between points: an odd number of cache lines, because otherwise all points would map to the same
// cache sets.
inline int64_t odd_lines(int64_t elements) { return (ceil_div(elements, 16) | 1) * 16; }

// Outputs per group: as many as all points' matrices [input][output] fit in kGroupBytes, in even groups.
inline int64_t group_of(int64_t inputs, int64_t outputs) {
  const int64_t most = std::max(kGroupUnit, kGroupBytes / (kPointBytes * inputs));
  const int64_t groups = ceil_div(outputs, most);
  return std::min(outputs, ceil_div(ceil_div(outputs, groups), kGroupUnit) * kGroupUnit);
}

struct Group {
  int64_t begin, outputs;
};

// A 3×3 convolution without stride: of x by w, or of dy by rotated w.
struct Window {
  int64_t n;                // images
  int64_t h, w, inputs;     // of an image
  int64_t oh, ow, outputs;  // of what comes out
  int64_t ph, pw, dh, dw;   // padding before, dilation

  static Window forward(const ConvShape& s) {
    return {s.n, s.h, s.w, s.c, s.oh, s.ow, s.o, s.ph, s.pw, s.dh, s.dw};
  }
  static Window backward_data(const ConvShape& s) {
    return {s.n, s.oh, s.ow, s.o, s.h, s.w, s.c, 2 * s.dh - s.ph, 2 * s.dw - s.pw, s.dh, s.dw};
  }
};

// With dilation, the outputs whose coordinates have the same remainders form a separate dense convolution.
class Tiles {
 public:
  explicit Tiles(const Window& window)
      : w_(window),
        down_(ceil_div(ceil_div(w_.oh, w_.dh), kTile)),
        across_(ceil_div(ceil_div(w_.ow, w_.dw), kTile)),
        zeros_(static_cast<size_t>(std::max(w_.inputs, w_.outputs))) {}

  int64_t count() const { return w_.n * w_.dh * w_.dw * down_ * across_; }
  const Window& window() const { return w_; }

  // The kPoints inputs of a tile; zeros in the padding.
  template <class T>
  void inputs(const T* x, int64_t tile, const T** pixels) const {
    const Position at = position(tile);
    int64_t columns[kPatch];  // elements from the beginning of a line, negative in the padding
    for (int64_t i = 0; i < kPatch; ++i) {
      const int64_t right = at.x - w_.pw + i * w_.dw;
      columns[i] = right < w_.w ? right * w_.inputs : -1;
    }
    for (int64_t i = 0; i < kPatch; ++i) {
      const int64_t y = at.y - w_.ph + i * w_.dh;
      const T* const line = y >= 0 && y < w_.h ? x + (at.n * w_.h + y) * w_.w * w_.inputs : nullptr;
      for (int64_t k = 0; k < kPatch; ++k) {
        pixels[i * kPatch + k] = line && columns[k] >= 0 ? line + columns[k] : zeros<T>();
      }
    }
  }

  // The kTile·kTile outputs of a tile; `outside` for missing ones.
  template <class T>
  void outputs(T* y, int64_t tile, T* outside, T** pixels) const {
    const Position at = position(tile);
    for (int64_t i = 0; i < kTile * kTile; ++i) {
      const int64_t down = at.y + i / kTile * w_.dh, right = at.x + i % kTile * w_.dw;
      const bool inside = down < w_.oh && right < w_.ow;
      pixels[i] = inside ? y + ((at.n * w_.oh + down) * w_.ow + right) * w_.outputs : outside;
    }
  }

  // A pixel's channels.
  template <class T>
  const T* zeros() const {
    return reinterpret_cast<const T*>(zeros_.data());
  }

 private:
  struct Position {
    int64_t n, y, x;  // image and the tile's first output
  };

  Position position(int64_t tile) const {
    const int64_t across = tile % across_, down = tile / across_ % down_;
    const int64_t phase = tile / (across_ * down_), x = phase % w_.dw, y = phase / w_.dw % w_.dh;
    return {phase / (w_.dw * w_.dh), y + down * kTile * w_.dh, x + across * kTile * w_.dw};
  }

  Window w_;
  int64_t down_, across_;  // of an image and a remainder
  std::vector<float> zeros_;
};

// Bᵀ·x·B of a tile, for the channels starting at `x` up to the last one.
template <class T>
void transform_inputs(const Engine& engine, const Tiles& tiles, const T* x, int64_t channels, int64_t tile,
                      int64_t last, Points out) {
  const T *pixels[kPoints], *next[kPoints];
  tiles.inputs(x, tile, pixels);
  tiles.inputs(x, std::min(tile + 1, last), next);
  engine.of<T>().input(pixels, next, channels, out);
}

}  // namespace iabn::winograd
