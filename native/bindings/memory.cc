#include "bindings/bindings.h"

namespace iabn {
namespace {

template <class Body>
auto with_code(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const OutOfMemory& lack) {
    auto error = Napi::Error::New(env, lack.what());
    error.Set("code", Napi::String::New(env, OutOfMemory::kCode));
    throw error;
  }
}

std::shared_ptr<Memory> allocate(const Napi::CallbackInfo& info) {
  const size_t bytes = to_size(info[0], "bytes");
  return with_code(info.Env(), [&] { return to_device(info[1])->allocate(bytes); });
}

}  // namespace

size_t to_size(const Napi::Value& value, const char* what) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= 9007199254740991.0)) {
    throw Napi::TypeError::New(value.Env(), std::string("expected a size for ") + what);
  }
  return static_cast<size_t>(number);
}

void MemoryBinding::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Memory", DefineClass(env, "Memory",
                                    {InstanceMethod("read", &MemoryBinding::read),
                                     InstanceMethod("readInto", &MemoryBinding::read_into),
                                     InstanceMethod("write", &MemoryBinding::write),
                                     InstanceMethod("populate", &MemoryBinding::populate),
                                     InstanceMethod("discard", &MemoryBinding::discard)}));
}

MemoryBinding::MemoryBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<MemoryBinding>(info), memory(allocate(info)) {
  info.This().As<Napi::Object>().Set("bytes", static_cast<double>(memory->bytes()));
}

Napi::Value MemoryBinding::read(const Napi::CallbackInfo& info) {
  const size_t offset = to_size(info[0], "offset"), length = to_size(info[1], "length");
  memory->range(offset, length);
  auto result = Napi::Uint8Array::New(info.Env(), length);
  memory->read(offset, length, result.Data());
  return result;
}

void MemoryBinding::read_into(const Napi::CallbackInfo& info) {
  if (!info[1].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "expected a typed array to read into");
  auto target = info[1].As<Napi::Uint8Array>();
  const size_t offset = to_size(info[0], "offset");
  memory->range(offset, target.ByteLength());
  memory->read(offset, target.ByteLength(), target.Data());
}

void MemoryBinding::write(const Napi::CallbackInfo& info) {
  if (!info[1].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "expected a typed array for data");
  auto data = info[1].As<Napi::Uint8Array>();
  memory->write(to_size(info[0], "offset"), data.ByteLength(), data.Data());
}

void MemoryBinding::populate(const Napi::CallbackInfo& info) {
  const size_t offset = to_size(info[0], "offset"), length = to_size(info[1], "length");
  with_code(info.Env(), [&] { memory->populate(offset, length); });
}

void MemoryBinding::discard(const Napi::CallbackInfo&) { memory->discard(); }

}  // namespace iabn
