// Replaces a header missing from Debian's libgloo-dev. gloo/transport/tcp/context.h needs only this name.
#pragma once

namespace gloo {

template <class T>
class WeakNonOwningPtr;

}  // namespace gloo
