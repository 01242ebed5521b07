// Stands in for a header that Debian's libgloo-dev leaves out. gloo/transport/tcp/context.h needs no more of
// it than this name.
#pragma once

namespace gloo {

template <class T>
class WeakNonOwningPtr;

}  // namespace gloo
