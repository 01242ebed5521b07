// Functions that JavaScript calls.
#pragma once

#define IABN_EXPORT(name) extern "C" __attribute__((export_name(#name), used))
