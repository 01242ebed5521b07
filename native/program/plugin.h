// The interface between the addon and a device plugin, a shared library that exports `iabn_plugin`.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "program/device.h"

namespace iabn {

// Services of the addon for a plugin: collectives over host memory, by process group name.
class PluginHost {
 public:
  virtual ~PluginHost() = default;
  virtual int rank(const std::string& group) = 0;
  virtual int size(const std::string& group) = 0;
  // dtype: f32 or i32
  virtual void all_reduce(const std::string& group, void* data, size_t elements, DType dtype) = 0;
  virtual void all_gather(const std::string& group, const void* src, void* gathered, size_t bytes) = 0;
  virtual void broadcast(const std::string& group, void* data, size_t bytes, int root) = 0;
  // Why the group's collectives must end (such as a lost process); empty if they need not.
  virtual std::string failure(const std::string& group) = 0;
};

struct PluginOptions {
  size_t workspace_limit = 0;  // of one convolution or matrix product
  bool tf32 = false;           // float32 products may round their operands to TF32
  bool nccl = false;           // collectives by NCCL, which every process has; else over the host
  bool graphs = false;         // runs of the same steps are captured once and launched as a whole
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  // JSON: driver, runtime, devices, libraries and their problems; never throws. `free`: include free memory,
  // which allocates some memory on every device.
  virtual std::string report(bool free) = 0;
  // Throws std::runtime_error with one sentence that says what is missing.
  virtual std::shared_ptr<Device> open(int index, const PluginOptions& options) = 0;
};

}  // namespace iabn

// `host` must outlive the plugin, which lives until the process ends.
extern "C" iabn::Plugin* iabn_plugin(iabn::PluginHost* host);
