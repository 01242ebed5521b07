// The contract between the addon and a device plugin: a shared library that exports `iabn_plugin`.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "program/device.h"

namespace iabn {

// What the addon does for a plugin: collectives over host memory, by the name of a process group.
class PluginHost {
 public:
  virtual ~PluginHost() = default;
  virtual int rank(const std::string& group) = 0;
  virtual int size(const std::string& group) = 0;
  // dtype: f32 or i32
  virtual void all_reduce(const std::string& group, void* data, size_t elements, DType dtype) = 0;
  virtual void all_gather(const std::string& group, const void* src, void* gathered, size_t bytes) = 0;
  virtual void broadcast(const std::string& group, void* data, size_t bytes, int root) = 0;
  // Why the group's collectives are to end (a lost process); empty: they are not.
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
  // JSON: driver, runtime, devices, libraries and what is wrong with them; throws nothing. `free`: also how
  // much memory is free, for which the process takes some on every device.
  virtual std::string report(bool free) = 0;
  // Throws std::runtime_error with one sentence for what is missing.
  virtual std::shared_ptr<Device> open(int index, const PluginOptions& options) = 0;
};

}  // namespace iabn

// `host` outlives the plugin. Lives until the process ends.
extern "C" iabn::Plugin* iabn_plugin(iabn::PluginHost* host);
