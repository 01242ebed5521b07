// Validates class labels passed in by the host.
#pragma once

#include <cstdint>

namespace iabn {

// Index of the first label that is neither in [0, classes) nor `ignored`; −1 if there is none.
int64_t first_outside(const int32_t* labels, int64_t count, int64_t classes, int64_t ignored);
int64_t first_outside(const uint8_t* labels, int64_t count, int64_t classes, int64_t ignored);

}  // namespace iabn
