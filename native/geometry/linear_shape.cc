#include "geometry/linear_shape.h"

#include <stdexcept>

namespace iabn {

LinearShape LinearShape::from(const TensorDesc& x, const TensorDesc& w, const TensorDesc& y) {
  if (x.rank() != 2 || w.rank() != 2 || y.rank() != 2 || x.dims[0] != y.dims[0] || x.dims[1] != w.dims[1] ||
      y.dims[1] != w.dims[0]) {
    throw std::invalid_argument(
        "linear: expected x of rows×inputs, w of outputs×inputs and y of rows×outputs");
  }
  return {x.dims[0], x.dims[1], w.dims[0]};
}

}  // namespace iabn
