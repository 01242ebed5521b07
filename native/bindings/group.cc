#include "comm/group.h"

#include <cstring>

#include "bindings/bindings.h"
#include "bindings/job.h"

namespace iabn {
namespace {

using Bytes = std::shared_ptr<std::vector<uint8_t>>;

Bytes to_bytes(const Napi::Value& value) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "expected a typed array");
  auto array = value.As<Napi::TypedArray>();
  auto bytes = std::make_shared<std::vector<uint8_t>>(array.ByteLength());
  if (!bytes->empty()) {
    auto* data = static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    std::memcpy(bytes->data(), data, bytes->size());
  }
  return bytes;
}

template <class Byte>
Napi::Value from_bytes(Napi::Env env, const std::vector<Byte>& bytes) {
  auto array = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

SumType to_sum_type(const Napi::Value& value) {
  const std::string name = value.ToString();
  if (name == "float32") return SumType::f32;
  if (name == "float64") return SumType::f64;
  if (name == "int32") return SumType::i32;
  throw Napi::TypeError::New(value.Env(), "expected float32, float64 or int32 but received " + name);
}

std::chrono::milliseconds to_milliseconds(const Napi::Object& options, const char* key) {
  return std::chrono::milliseconds(static_cast<int64_t>(to_size(options.Get(key), key)));
}

int to_rank(const Napi::Value& value, const char* what) { return static_cast<int>(to_size(value, what)); }

// [lane][peer] of Uint8Array
Napi::Value from_addresses(Napi::Env env, const std::vector<Addresses>& lanes) {
  auto result = Napi::Array::New(env, lanes.size());
  for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
    auto list = Napi::Array::New(env, lanes[lane].size());
    for (uint32_t peer = 0; peer < lanes[lane].size(); ++peer) {
      list[peer] = from_bytes(env, lanes[lane][peer]);
    }
    result[lane] = list;
  }
  return result;
}

std::vector<Addresses> to_addresses(const Napi::Value& value) {
  std::vector<Addresses> lanes;
  auto outer = value.As<Napi::Array>();
  for (uint32_t lane = 0; lane < outer.Length(); ++lane) {
    Napi::Value item = outer.Get(lane);
    auto list = item.As<Napi::Array>();
    lanes.emplace_back();
    for (uint32_t peer = 0; peer < list.Length(); ++peer) {
      const Bytes bytes = to_bytes(list.Get(peer));
      lanes.back().emplace_back(bytes->begin(), bytes->end());
    }
  }
  return lanes;
}

// Memory of another device is copied through the host.
void broadcast_block(Group& group, const Operand& block, size_t length, int root) {
  if (block.memory->on_host())
    return group.broadcast(block.memory->range(block.offset, length), length, root);
  std::vector<uint8_t> copy(length);
  if (group.rank() == root) block.memory->read(block.offset, length, copy.data());
  group.broadcast(copy.data(), length, root);
  if (group.rank() != root) block.memory->write(block.offset, length, copy.data());
}

}  // namespace

void GroupBinding::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Group", DefineClass(env, "Group",
                                   {InstanceMethod("addresses", &GroupBinding::addresses),
                                    InstanceMethod("connect", &GroupBinding::connect),
                                    InstanceMethod("allReduce", &GroupBinding::all_reduce),
                                    InstanceMethod("allGather", &GroupBinding::all_gather),
                                    InstanceMethod("broadcast", &GroupBinding::broadcast),
                                    InstanceMethod("broadcastMemory", &GroupBinding::broadcast_memory),
                                    InstanceMethod("barrier", &GroupBinding::barrier),
                                    InstanceMethod("abort", &GroupBinding::abort),
                                    InstanceMethod("close", &GroupBinding::close),
                                    InstanceMethod("takeSpans", &GroupBinding::take_spans)}));
}

GroupBinding::GroupBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<GroupBinding>(info) {
  auto object = info[0].As<Napi::Object>();
  GroupOptions options;
  options.name = object.Get("name").ToString();
  options.rank = to_rank(object.Get("rank"), "rank");
  options.size = to_rank(object.Get("size"), "size");
  options.per_node = to_rank(object.Get("perNode"), "perNode");
  options.hostname = object.Get("hostname").ToString();
  options.timeout = to_milliseconds(object, "timeoutMs");
  options.connect_timeout = to_milliseconds(object, "connectTimeoutMs");
  group_ = Group::create(options);
}

std::shared_ptr<Group> GroupBinding::live(const Napi::CallbackInfo& info) const {
  if (!group_) throw Napi::Error::New(info.Env(), "the process group is closed");
  return group_;
}

Napi::Value GroupBinding::addresses(const Napi::CallbackInfo& info) {
  return from_addresses(info.Env(), live(info)->addresses());
}

Napi::Value GroupBinding::connect(const Napi::CallbackInfo& info) {
  return run_job(info.Env(),
                 {[group = live(info), peers = to_addresses(info[0])] { group->connect(peers); }});
}

Napi::Value GroupBinding::all_reduce(const Napi::CallbackInfo& info) {
  const Bytes data = to_bytes(info[0]);
  const SumType type = to_sum_type(info[1]);
  const size_t elements = data->size() / sum_type_size(type);
  return run_job(info.Env(), {[group = live(info), data, elements, type] {
                                group->all_reduce(data->data(), elements, type);
                              },
                              [data](Napi::Env env) { return from_bytes(env, *data); }});
}

Napi::Value GroupBinding::all_gather(const Napi::CallbackInfo& info) {
  const auto group = live(info);
  const Bytes data = to_bytes(info[0]);
  const auto gathered =
      std::make_shared<std::vector<uint8_t>>(data->size() * static_cast<size_t>(group->size()));
  return run_job(info.Env(), {[group, data, gathered] {
                                group->all_gather(data->data(), gathered->data(), data->size());
                              },
                              [gathered](Napi::Env env) { return from_bytes(env, *gathered); }});
}

Napi::Value GroupBinding::broadcast(const Napi::CallbackInfo& info) {
  const Bytes data = to_bytes(info[0]);
  const int root = to_rank(info[1], "root");
  return run_job(info.Env(),
                 {[group = live(info), data, root] { group->broadcast(data->data(), data->size(), root); },
                  [data](Napi::Env env) { return from_bytes(env, *data); }});
}

Napi::Value GroupBinding::broadcast_memory(const Napi::CallbackInfo& info) {
  const Operand block = to_operand(info[0]);
  const size_t length = to_size(info[1], "length");
  const int root = to_rank(info[2], "root");
  block.memory->range(block.offset, length);
  return run_job(info.Env(), {[group = live(info), block, length, root] {
                   broadcast_block(*group, block, length, root);
                 }});
}

Napi::Value GroupBinding::barrier(const Napi::CallbackInfo& info) {
  return run_job(info.Env(), {[group = live(info)] { group->barrier(); }});
}

void GroupBinding::abort(const Napi::CallbackInfo& info) {
  if (group_) group_->abort(info[0].ToString());
}

void GroupBinding::close(const Napi::CallbackInfo&) { group_.reset(); }

// [begin, end, bytes] of each sum
Napi::Value GroupBinding::take_spans(const Napi::CallbackInfo& info) {
  const std::vector<Span> spans = live(info)->take_spans();
  auto list = Napi::Float64Array::New(info.Env(), 3 * spans.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    list[3 * i] = spans[i].begin;
    list[3 * i + 1] = spans[i].end;
    list[3 * i + 2] = static_cast<double>(spans[i].bytes);
  }
  return list;
}

}  // namespace iabn
