#include <new>
#include <stdexcept>
#include <string>

#include "bindings/bindings.h"

namespace iabn {
namespace {

TensorDesc to_desc(const Napi::Value& value) {
  TensorDesc desc;
  if (value.IsNull() || value.IsUndefined()) return desc;
  auto object = value.As<Napi::Object>();
  desc.dtype = parse_dtype(object.Get("dtype").ToString());
  auto shape = object.Get("shape").As<Napi::Array>();
  for (uint32_t i = 0; i < shape.Length(); ++i) {
    desc.dims.push_back(static_cast<int64_t>(to_size(shape.Get(i), "a dimension")));
  }
  if (object.Has("pitch")) {
    desc.pitch = static_cast<int64_t>(to_size(object.Get("pitch"), "a pitch"));
    if (desc.rank() < 2 || desc.pitch < desc.channels())
      throw std::invalid_argument("rows overlap: their pitch is less than their channels");
  }
  return desc;
}

std::vector<TensorDesc> to_descs(const Napi::Value& value) {
  auto list = value.As<Napi::Array>();
  std::vector<TensorDesc> descs;
  for (uint32_t i = 0; i < list.Length(); ++i) descs.push_back(to_desc(list.Get(i)));
  return descs;
}

Attrs::Attr to_attr(const Napi::Value& value) {
  if (value.IsNumber()) return value.As<Napi::Number>().DoubleValue();
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  auto list = value.As<Napi::Array>();
  std::vector<double> numbers;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    Napi::Value item = list.Get(i);
    numbers.push_back(item.ToNumber().DoubleValue());
  }
  return numbers;
}

Attrs to_attrs(const Napi::Value& value) {
  auto object = value.As<Napi::Object>();
  auto names = object.GetPropertyNames();
  Attrs attrs;
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).ToString();
    attrs.set(name, to_attr(object.Get(name)));
  }
  return attrs;
}

// Converts a list of indices to a flag for each of `count` operands.
std::vector<bool> to_flags(const Napi::Value& value, size_t count) {
  std::vector<bool> flags(count);
  if (!value.IsArray()) return flags;
  auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) flags.at(to_size(list.Get(i), "an operand")) = true;
  return flags;
}

// {bytes, inputs}, or null for a kernel without a layout.
Napi::Value layout_of(Napi::Env env, const Kernel& kernel) {
  if (kernel.layout_bytes() == 0) return env.Null();
  auto inputs = Napi::Array::New(env);
  for (const size_t index : kernel.laid_out_inputs()) inputs[inputs.Length()] = static_cast<double>(index);
  auto layout = Napi::Object::New(env);
  layout["bytes"] = static_cast<double>(kernel.layout_bytes());
  layout["inputs"] = inputs;
  return layout;
}

// {name, refusal}, or null if there were no alternatives.
Napi::Value choice_of(Napi::Env env, const Choice& choice) {
  if (choice.name.empty()) return env.Null();
  auto object = Napi::Object::New(env);
  object["name"] = choice.name;
  object["refusal"] = choice.refusal;
  return object;
}

std::vector<size_t> bytes_of(const std::vector<TensorDesc>& descs) {
  std::vector<size_t> bytes;
  for (const TensorDesc& desc : descs) bytes.push_back(desc.present() ? desc.bytes() : 0);
  return bytes;
}

MadeKernel make(Device& device, const KernelSpec& spec) {
  try {
    return device.make_kernel(spec);
  } catch (const std::bad_alloc&) {
    throw std::runtime_error("too little memory for a kernel of " + spec.op + " on operands of " +
                             std::to_string(spec.operand_bytes()) +
                             " bytes: use fewer channels, smaller images or smaller batches");
  }
}

}  // namespace

void KernelBinding::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Kernel", DefineClass(env, "Kernel", std::vector<PropertyDescriptor>{}));
}

KernelBinding::KernelBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KernelBinding>(info) {
  auto object = info[0].As<Napi::Object>();
  const size_t input_count = object.Get("inputs").As<Napi::Array>().Length();
  KernelSpec spec{object.Get("op").ToString(), to_attrs(object.Get("attrs")), to_descs(object.Get("inputs")),
                  to_descs(object.Get("outputs")), to_flags(object.Get("constants"), input_count)};
  if (object.Get("choice").IsString()) spec.choice = object.Get("choice").ToString();
  const std::shared_ptr<Device> device = to_device(info[1]);
  MadeKernel made = make(*device, spec);
  op = spec.op;
  // A kernel uses its device's libraries until it is freed, and the garbage collector may free the device
  // first.
  kernel = {made.kernel.release(), [device](Kernel* last) { delete last; }};
  input_bytes = bytes_of(spec.inputs);
  output_bytes = bytes_of(spec.outputs);
  auto refusals = Napi::Array::New(info.Env());
  for (const std::string& refusal : made.refusals) refusals[refusals.Length()] = refusal;
  auto self = info.This().As<Napi::Object>();
  self.Set("workspaceBytes", static_cast<double>(kernel->workspace_bytes()));
  self.Set("layout", layout_of(info.Env(), *kernel));
  self.Set("implementation", kernel->implementation());
  self.Set("refusals", refusals);
  self.Set("choice", choice_of(info.Env(), kernel->choice));
}

}  // namespace iabn
