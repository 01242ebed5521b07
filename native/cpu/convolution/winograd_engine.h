// Micro-kernels of Winograd's minimal filtering F(4×4, 3×3): its transforms, each along channels.
//
//   forward          y  = Aᵀ[(G·w·Gᵀ) ⊙ (Bᵀ·x·B)]A
//   its transpose    dw = Gᵀ[(A·dy·Aᵀ) ⊙ (Bᵀ·x·B)]G
//
// Polynomials are evaluated at 0, ±a, ±b and ∞. With a = ⅝ and b = 3/2, all coefficients of A and B are exact
// and the error is about half of that with the textbook's 1 and 2: in the forward pass, up to 1.8 times that
// of oneDNN's direct sums (bench/RESULTS.md, noise).
#pragma once

#include <cstdint>

#include "cpu/ops/activation.h"
#include "cpu/simd/per_data.h"

namespace iabn::winograd {

constexpr int64_t kTile = 4;   // outputs of a tile in each direction
constexpr int64_t kTaps = 3;   // of the window
constexpr int64_t kPatch = 6;  // inputs that a tile needs
constexpr int64_t kPoints = kPatch * kPatch;

// The matrices of the points, `stride` floats apart.
struct Points {
  float* data;
  int64_t stride;
};

// Epilogue of a tile of y: φ(y + bias + addend).
template <class T>
struct TileEnd {
  const float* bias;       // null: none
  const T* const* addend;  // its pixels row by row, null: none; one may be an output
  Activation activation;
};

// Weights [O,C,3,3], possibly with O and C swapped, as a convolution with given inputs and outputs.
struct Filters {
  float* taps;
  int64_t output_step, input_step;  // floats
  bool rotated;                     // by half a turn, as the gradient of the input has them
};

// Functions compiled for one instruction set. Channels are multiples of 16.
template <class T>
struct Transforms {
  // Bᵀ·x·B of kPoints pixels, row by row; prefetches those of the next tile.
  void (*input)(const T* const* pixels, const T* const* next, int64_t channels, Points out);
  // A·dy·Aᵀ of kTile·kTile pixels.
  void (*output_diff)(const T* const* pixels, int64_t channels, Points out);
  // φ(Aᵀ·m·A + …) to kTile·kTile pixels; null pixels are skipped.
  void (*output)(Points products, int64_t channels, const TileEnd<T>&, T* const* pixels);
};

struct Engine : PerData<Transforms> {
  // G·w·Gᵀ of `width` outputs and `inputs` channels to [point][input][width].
  void (*filters)(const Filters&, int64_t inputs, int64_t width, Points out);
  // Gᵀ·m·G of [point][input][width] to the taps.
  void (*filters_diff)(Points products, int64_t inputs, int64_t width, const Filters&);
};

const Engine& engine(int64_t lanes);

}  // namespace iabn::winograd
