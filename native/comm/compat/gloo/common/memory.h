// Stands in for a header that Debian's libgloo-dev leaves out. gloo/transport/tcp/context.h needs no more of
// it than this name, and we no more of that file than one member function's.
#pragma once

namespace gloo {

template <class T>
class WeakNonOwningPtr;

}  // namespace gloo
