#include "cpu/winograd_transform.h"

#include "cpu/simd.h"
#include "cpu/tile_6x16.h"

namespace iabn {
namespace {

// Eight channels: the compiler makes one AVX2 register of them, or two narrower ones.
typedef float Lanes __attribute__((vector_size(32), aligned(4), may_alias));

// By reference: a vector argument would have another calling convention in each instruction set.
IABN_INLINE void read(const float* p, Lanes& lanes) { lanes = *reinterpret_cast<const Lanes*>(p); }
IABN_INLINE void write(float* p, const Lanes& lanes) { *reinterpret_cast<Lanes*>(p) = lanes; }

IABN_SIMD void input_leaf(const float* const* pixels, int64_t channels, float* out, int64_t stride) {
  for (int64_t c = 0; c < channels; c += 8) {
    Lanes t[4][4];
    for (int j = 0; j < 4; ++j) {
      Lanes d[4];
      for (int i = 0; i < 4; ++i) read(pixels[i * 4 + j] + c, d[i]);
      t[0][j] = d[0] - d[2];
      t[1][j] = d[1] + d[2];
      t[2][j] = d[2] - d[1];
      t[3][j] = d[1] - d[3];
    }
    for (int i = 0; i < 4; ++i) {
      float* to = out + i * 4 * stride + c;
      write(to, t[i][0] - t[i][2]);
      write(to + stride, t[i][1] + t[i][2]);
      write(to + 2 * stride, t[i][2] - t[i][1]);
      write(to + 3 * stride, t[i][1] - t[i][3]);
    }
  }
}

IABN_INLINE void activate(Lanes& y, const Activation& activation) {
  if (activation.kind == Activation::Kind::identity) return;
  if (activation.kind == Activation::Kind::relu) {
    y = y <= 0.0f ? Lanes{} : y;
  } else {
    y = y > 0.0f ? y : activation.slope * y;
  }
}

IABN_SIMD void output_leaf(const WinogradOutput& o, Activation activation) {
  for (int64_t c = 0; c < o.channels; c += 8) {
    Lanes t[2][4];
    for (int j = 0; j < 4; ++j) {
      Lanes m[4];
      for (int i = 0; i < 4; ++i) read(o.products + (i * 4 + j) * o.stride + c, m[i]);
      t[0][j] = m[0] + m[1] + m[2];
      t[1][j] = m[1] - m[2] - m[3];
    }
    Lanes bias{};
    if (o.bias) read(o.bias + c, bias);
    for (int i = 0; i < 2; ++i) {
      Lanes y[2] = {t[i][0] + t[i][1] + t[i][2] + bias, t[i][1] - t[i][2] - t[i][3] + bias};
      for (int j = 0; j < 2; ++j) {
        if (!o.out[i * 2 + j]) continue;
        if (o.addend) {
          Lanes addend;
          read(o.addend[i * 2 + j] + c, addend);
          y[j] += addend;
        }
        activate(y[j], activation);
        write(o.out[i * 2 + j] + c, y[j]);
      }
    }
  }
}

}  // namespace

void winograd_input(const float* const* pixels, int64_t channels, float* out, int64_t stride) {
  input_leaf(pixels, channels, out, stride);
}

void winograd_weights(const float* taps, float* out) {
  float t[4][3];
  for (int j = 0; j < 3; ++j) {
    const float sum = taps[j] + taps[6 + j];
    t[0][j] = taps[j];
    t[1][j] = 0.5f * (sum + taps[3 + j]);
    t[2][j] = 0.5f * (sum - taps[3 + j]);
    t[3][j] = taps[6 + j];
  }
  for (int i = 0; i < 4; ++i) {
    const float sum = t[i][0] + t[i][2];
    out[i * 4] = t[i][0];
    out[i * 4 + 1] = 0.5f * (sum + t[i][1]);
    out[i * 4 + 2] = 0.5f * (sum - t[i][1]);
    out[i * 4 + 3] = t[i][2];
  }
}

void winograd_output(const WinogradOutput& output) {
  const bool elu = output.activation.kind == Activation::Kind::elu;
  output_leaf(output, elu ? Activation{} : output.activation);
  for (int i = 0; elu && i < 4; ++i) {
    if (output.out[i]) apply_elu(output.out[i], output.channels, output.activation.slope);
  }
}

}  // namespace iabn
