// The processor as Linux describes it in /proc/cpuinfo.
#pragma once

#include <algorithm>
#include <istream>
#include <string>
#include <vector>

namespace iabn::platform {

// The model's name or, on ARM, where there is none, the codes of each kind of core, whose names
// packages/core/src/devices/arm-cores.ts has; "unknown" without either.
inline std::string processor_in(std::istream& cpuinfo) {
  std::vector<std::string> kinds;
  std::string implementer;
  for (std::string line; std::getline(cpuinfo, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 2);
    if (line.rfind("model name", 0) == 0) return value;
    if (line.rfind("CPU implementer", 0) == 0) implementer = value;
    if (line.rfind("CPU part", 0) != 0) continue;
    const std::string kind = "unknown ARM (implementer " + implementer + ", part " + value + ")";
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  std::string name;
  for (const std::string& kind : kinds) name += (name.empty() ? "" : " and ") + kind;
  return name.empty() ? "unknown" : name;
}

}  // namespace iabn::platform
