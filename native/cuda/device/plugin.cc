// Entry point of the device plugin: reports the machine's devices and opens them by index.
#include "program/plugin.h"

#include <cuda_runtime.h>

#include <map>

#include "cuda/device/device.h"
#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/nccl.h"
#include "cuda/support/cuda.h"

namespace iabn::cuda {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Why there is no device, in one sentence; empty if there is one.
std::string problem() {
  int driver = 0, runtime = 0, count = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (driver == 0) return "no NVIDIA driver is installed: install one, or use --device cpu";
  if (driver < runtime && code != cudaSuccess) {
    return "the NVIDIA driver is for CUDA " + version_text(driver) + " but CUDA " + version_text(runtime) +
           " is needed: update the driver, or use --device cpu";
  }
  if (code != cudaSuccess) {
    return std::string("the NVIDIA driver gives no device (") + cudaGetErrorString(code) +
           "): check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device cpu";
  }
  return count > 0 ? ""
                   : "the NVIDIA driver finds no device: check CUDA_VISIBLE_DEVICES, or use --device cpu";
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

// null if it cannot be determined.
std::string free_json(int index) {
  size_t free = 0, total = 0;
  if (cudaSetDevice(index) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) return "null";
  return std::to_string(free);
}

std::string device_json(int index, bool free) {
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, index) != cudaSuccess) return "";
  const std::string capability = std::to_string(properties.major) + "." + std::to_string(properties.minor);
  return "{\"index\":" + std::to_string(index) + ",\"name\":" + quoted(properties.name) +
         ",\"capability\":" + quoted(capability) +
         ",\"multiprocessors\":" + std::to_string(properties.multiProcessorCount) +
         ",\"memory\":" + std::to_string(properties.totalGlobalMem) +
         ",\"free\":" + (free ? free_json(index) : "null") + "}";
}

std::string library_json(const std::string& name, std::string (*version)()) {
  try {
    return "{\"name\":" + quoted(name) + ",\"version\":" + quoted(version()) + ",\"problem\":null}";
  } catch (const std::exception& missing) {
    return "{\"name\":" + quoted(name) + ",\"version\":null,\"problem\":" + quoted(missing.what()) + "}";
  }
}

class CudaPlugin : public Plugin {
 public:
  explicit CudaPlugin(PluginHost* host) : host_(host) {}

  std::string report(bool free) override {
    int driver = 0, runtime = 0, count = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    const std::string reason = problem();
    std::string devices;
    if (reason.empty() && cudaGetDeviceCount(&count) == cudaSuccess) {
      for (int i = 0; i < count; ++i) devices += (i == 0 ? "" : ",") + device_json(i, free);
    }
    cudaGetLastError();  // clear the error: it is reported here
    return "{\"driver\":" + (driver == 0 ? "null" : quoted(version_text(driver))) +
           ",\"runtime\":" + quoted(version_text(runtime)) +
           ",\"problem\":" + (reason.empty() ? "null" : quoted(reason)) + ",\"devices\":[" + devices +
           "],\"libraries\":[" + library_json("cuDNN", cudnn_version) + "," +
           library_json("cuBLASLt", cublaslt_version) + "," + library_json("NCCL", nccl_version) + "]}";
  }

  std::shared_ptr<Device> open(int index, const PluginOptions& options) override {
    const std::string reason = problem();
    if (!reason.empty()) throw std::runtime_error(reason);
    int count = 0;
    check(cudaGetDeviceCount(&count), "the devices");
    if (index >= count) {
      throw std::runtime_error("there is no cuda:" + std::to_string(index) + ": this machine has " +
                               (count == 1 ? "only cuda:0" : "cuda:0 to cuda:" + std::to_string(count - 1)));
    }
    return std::make_shared<CudaDevice>(std::make_shared<Context>(index, options, host_));
  }

 private:
  PluginHost* host_;
};

}  // namespace
}  // namespace iabn::cuda

extern "C" __attribute__((visibility("default"))) iabn::Plugin* iabn_plugin(iabn::PluginHost* host) {
  static iabn::cuda::CudaPlugin plugin(host);
  return &plugin;
}
