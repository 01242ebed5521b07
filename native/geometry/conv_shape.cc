#include "geometry/conv_shape.h"

#include <stdexcept>
#include <string>

namespace iabn {
namespace {

int64_t output_size(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  const int64_t span = in + 2 * padding - ((kernel - 1) * dilation + 1);
  return span < 0 ? 0 : span / stride + 1;
}

void expect(bool condition, const std::string& what) {
  if (!condition) throw std::invalid_argument("convolution: expected " + what);
}

}  // namespace

ConvShape ConvShape::from(const Attrs& attrs, const TensorDesc& x, const TensorDesc& w, const TensorDesc& y) {
  expect(x.rank() == 4 && y.rank() == 4 && w.rank() == 4, "images N,C,H,W and weights O,C/groups,KH,KW");
  const auto stride = attrs.integers("stride"), padding = attrs.integers("padding");
  const auto dilation = attrs.integers("dilation");
  expect(stride.size() == 2 && padding.size() == 2 && dilation.size() == 2,
         "two numbers for stride, padding and dilation");
  ConvShape s;
  s.n = x.dims[0], s.c = x.dims[1], s.h = x.dims[2], s.w = x.dims[3];
  s.o = y.dims[1], s.oh = y.dims[2], s.ow = y.dims[3];
  s.kh = w.dims[2], s.kw = w.dims[3];
  s.sh = stride[0], s.sw = stride[1], s.ph = padding[0], s.pw = padding[1];
  s.dh = dilation[0], s.dw = dilation[1], s.groups = attrs.integer("groups");
  expect(s.sh > 0 && s.sw > 0 && s.dh > 0 && s.dw > 0, "positive stride and dilation");
  expect(s.ph >= 0 && s.pw >= 0, "padding of at least 0");
  expect(s.groups > 0 && s.c % s.groups == 0 && s.o % s.groups == 0,
         "channels divisible by groups " + std::to_string(s.groups));
  expect(w.dims[0] == s.o && w.dims[1] == s.group_inputs(), "weights of O×C/groups channels");
  expect(y.dims[0] == s.n && s.oh == output_size(s.h, s.kh, s.sh, s.ph, s.dh) &&
             s.ow == output_size(s.w, s.kw, s.sw, s.pw, s.dw),
         "an output size that follows from kernel, stride, padding and dilation");
  return s;
}

}  // namespace iabn
