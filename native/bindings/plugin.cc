#include "program/plugin.h"

#include <map>
#include <mutex>

#include "bindings/bindings.h"
#include "platform/platform.h"

namespace iabn {
namespace {

class Groups : public PluginHost {
 public:
  int rank(const std::string& group) override { return Group::find(group)->rank(); }
  int size(const std::string& group) override { return Group::find(group)->size(); }
  void all_reduce(const std::string& group, void* data, size_t elements, DType dtype) override {
    Group::find(group)->all_reduce(data, elements, dtype == DType::i32 ? SumType::i32 : SumType::f32);
  }
  void all_gather(const std::string& group, const void* src, void* gathered, size_t bytes) override {
    Group::find(group)->all_gather(src, gathered, bytes);
  }
  void broadcast(const std::string& group, void* data, size_t bytes, int root) override {
    Group::find(group)->broadcast(data, bytes, root);
  }
  std::string failure(const std::string& group) override { return Group::find(group)->aborted(); }
};

// Opened once, for all threads of JavaScript.
Plugin& plugin_at(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, Plugin*> plugins;
  static Groups groups;
  const std::lock_guard<std::mutex> lock(mutex);
  Plugin*& plugin = plugins[path];
  if (plugin) return *plugin;
  void* const library = platform::open_library(path, "the device plugin");
  auto* make = reinterpret_cast<Plugin* (*)(PluginHost*)>(platform::symbol_of(library, "iabn_plugin"));
  if (!make) throw std::runtime_error(path + " is not a device plugin of inplace-abn");
  plugin = make(&groups);
  return *plugin;
}

PluginOptions to_options(const Napi::Value& value) {
  auto object = value.As<Napi::Object>();
  PluginOptions options;
  options.workspace_limit = to_size(object.Get("workspaceLimit"), "workspaceLimit");
  options.tf32 = object.Get("tf32").ToBoolean();
  options.nccl = object.Get("nccl").ToBoolean();
  options.graphs = object.Get("graphs").ToBoolean();
  return options;
}

// new Device(path, index, {workspaceLimit, tf32, nccl, graphs}); availableBytes()
class DeviceBinding : public Napi::ObjectWrap<DeviceBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Device", {InstanceMethod("availableBytes", &DeviceBinding::available_bytes)});
  }
  explicit DeviceBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceBinding>(info) {
    const std::string path = info[0].ToString();
    const int index = static_cast<int>(to_size(info[1], "a device's index"));
    device = plugin_at(path).open(index, to_options(info[2]));
  }
  Napi::Value available_bytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(device->available_bytes()));
  }
  std::shared_ptr<Device> device;
};

Napi::Value plugin_report(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), plugin_at(info[0].ToString()).report(info[1].ToBoolean()));
}

}  // namespace

std::shared_ptr<Device> to_device(const Napi::Value& value) {
  if (value.IsUndefined() || value.IsNull()) return host_device();
  return DeviceBinding::Unwrap(value.As<Napi::Object>())->device;
}

void define_plugin(Napi::Env env, Napi::Object exports) {
  exports.Set("Device", DeviceBinding::define(env));
  exports.Set("pluginReport", Napi::Function::New(env, plugin_report));
}

}  // namespace iabn
