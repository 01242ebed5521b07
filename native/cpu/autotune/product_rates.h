// Relative speed of bfloat16 and float32 matrix products on this CPU.
#pragma once

namespace iabn {

// True if bfloat16 products are so much faster that widening images to float32 never pays. Measured once per
// machine (kernel_choices.h).
bool bfloat16_leads();

}  // namespace iabn
