// How fast the CPU multiplies matrices of bfloat16 beside those of float32.
#pragma once

namespace iabn {

// Whether its bfloat16 products are so much faster that widening images to float32 is never worth it.
// Measured once on a machine (kernel_choices.h).
bool bfloat16_leads();

}  // namespace iabn
