// Prints the processor that a /proc/cpuinfo on standard input describes.
#include "platform/cpuinfo.h"

#include <iostream>

int main() { std::cout << iabn::platform::processor_in(std::cin) << "\n"; }
