// Adapts oneDNN 2.x and 3.x, which differ in how a primitive is described: 2.x needs an operation descriptor
// first, 3.x takes its parts directly. Nothing else depends on the version.
#pragma once

#include <oneapi/dnnl/dnnl_version.h>

#include <oneapi/dnnl/dnnl.hpp>

namespace iabn::onednn {

// Describes the primitive P, such as dnnl::matmul. `parts` are the arguments of P's description in either
// version: kind and algorithm if any, operand descriptors, and window.
template <class P, class... Parts>
typename P::primitive_desc describe(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                    const Parts&... parts) {
#if DNNL_VERSION_MAJOR < 3
  return {typename P::desc(parts...), attr, engine};
#else
  return {engine, parts..., attr};
#endif
}

// The same for a backward primitive. `hint` is the forward description.
template <class P, class Hint, class... Parts>
typename P::primitive_desc describe_backward(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                             const Hint& hint, const Parts&... parts) {
#if DNNL_VERSION_MAJOR < 3
  return {typename P::desc(parts...), attr, engine, hint};
#else
  return {engine, parts..., hint, attr};
#endif
}

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm, float alpha) {
#if DNNL_VERSION_MAJOR < 3
  ops.append_eltwise(1.0f, algorithm, alpha, 0.0f);
#else
  ops.append_eltwise(algorithm, alpha, 0.0f);
#endif
}

inline dnnl::memory::dims dims_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR < 3
  return desc.dims();
#else
  return desc.get_dims();
#endif
}

}  // namespace iabn::onednn
