// The addon's exports in WebAssembly, which packages/core/src/native/wasm-addon.ts wraps in the classes of
// native/bindings. A handle is the address of an object; 0 says that wasm_error() has a message.
#include <cstdlib>
#include <cstring>
#include <new>

#include "cpu/autotune/kernel_choices.h"
#include "cpu/simd/vector_lanes.h"
#include "program/device.h"
#include "wasm/export.h"
#include "wasm/spec.h"

namespace iabn {
namespace {

struct ProgramHandle {
  std::unique_ptr<Program> program;
  std::vector<Timing> timings;
};

// Of the last failure; the code is empty unless JavaScript has to tell the failure from others.
std::string message;
const char* code = "";

// The result of make(), or 0 with a message and code.
template <class Make>
auto guarded(const Make& make) -> decltype(make()) {
  code = "";
  try {
    return make();
  } catch (const OutOfMemory& lack) {
    message = lack.what();
    code = OutOfMemory::kCode;
  } catch (const std::bad_alloc&) {
    message = "WebAssembly has too little memory: use smaller batches or images, or a memory budget";
    code = OutOfMemory::kCode;
  } catch (const std::exception& failure) {
    message = failure.what();
  }
  return {};
}

std::vector<size_t> bytes_of(const std::vector<TensorDesc>& descs) {
  std::vector<size_t> bytes;
  for (const TensorDesc& desc : descs) bytes.push_back(desc.present() ? desc.bytes() : 0);
  return bytes;
}

// Bytes of workspace and layout, implementation, choice and why it is not the one asked for; then a list of
// the inputs in the layout, and one of refusals.
std::string description_of(const KernelHandle& made) {
  const Kernel& kernel = *made.kernel;
  FieldsOut fields;
  fields.add(kernel.workspace_bytes()).add(kernel.layout_bytes()).add(kernel.implementation());
  fields.add(kernel.choice.name).add(kernel.choice.refusal);
  const std::vector<size_t> inputs =
      kernel.layout_bytes() > 0 ? kernel.laid_out_inputs() : std::vector<size_t>{};
  fields.add(inputs.size());
  for (const size_t index : inputs) fields.add(index);
  fields.add(made.refusals.size());
  for (const std::string& refusal : made.refusals) fields.add(refusal);
  return fields.text();
}

}  // namespace

IABN_EXPORT(wasm_allocate) void* wasm_allocate(size_t bytes) { return std::malloc(bytes); }
IABN_EXPORT(wasm_free) void wasm_free(void* bytes) { std::free(bytes); }
IABN_EXPORT(wasm_error) const char* wasm_error() { return message.c_str(); }
IABN_EXPORT(wasm_error_code) const char* wasm_error_code() { return code; }

// An empty value removes the variable.
IABN_EXPORT(wasm_set_variable) void wasm_set_variable(const char* name, const char* value) {
  if (*value == '\0') {
    unsetenv(name);
  } else {
    setenv(name, value, 1);
  }
}

IABN_EXPORT(wasm_machine) const char* wasm_machine() {
  static const std::string machine = autotune_machine();
  return machine.c_str();
}
IABN_EXPORT(wasm_instruction_set) const char* wasm_instruction_set() {
  static const std::string name = vector_name(vector_lanes());
  return name.c_str();
}

IABN_EXPORT(memory_new) MemoryHandle* memory_new(size_t bytes) {
  return guarded([=] { return new MemoryHandle(std::make_shared<LinearMemory>(bytes)); });
}
IABN_EXPORT(memory_data) uint8_t* memory_data(MemoryHandle* memory) {
  return guarded([=] {
    (*memory)->renew();
    return (*memory)->data();
  });
}
IABN_EXPORT(memory_discard) void memory_discard(MemoryHandle* memory) { (*memory)->discard(); }
IABN_EXPORT(memory_delete) void memory_delete(MemoryHandle* memory) { delete memory; }

IABN_EXPORT(kernel_new) KernelHandle* kernel_new(const char* text, size_t bytes) {
  return guarded([=] {
    Fields fields(text, bytes);
    const KernelSpec spec = to_spec(fields);
    MadeKernel made = host_device()->make_kernel(spec);
    auto handle = std::make_unique<KernelHandle>();
    handle->op = spec.op;
    handle->kernel = std::move(made.kernel);
    handle->refusals = std::move(made.refusals);
    handle->input_bytes = bytes_of(spec.inputs);
    handle->output_bytes = bytes_of(spec.outputs);
    handle->description = description_of(*handle);
    return handle.release();
  });
}
IABN_EXPORT(kernel_description) const char* kernel_description(KernelHandle* kernel) {
  return kernel->description.data();
}
IABN_EXPORT(kernel_description_bytes) size_t kernel_description_bytes(KernelHandle* kernel) {
  return kernel->description.size();
}
IABN_EXPORT(kernel_delete) void kernel_delete(KernelHandle* kernel) { delete kernel; }

IABN_EXPORT(program_new) ProgramHandle* program_new(const char* text, size_t bytes) {
  return guarded([=] {
    Fields fields(text, bytes);
    std::vector<Instruction> instructions;
    for (size_t count = fields.size(); count > 0; --count) instructions.push_back(to_instruction(fields));
    return new ProgramHandle{std::make_unique<Program>(host_device(), instructions), {}};
  });
}

// 1: it ran; 2: a guard stopped it; 0: it failed. The last two have messages.
IABN_EXPORT(program_run) int program_run(ProgramHandle* handle, size_t begin, size_t end, bool timed) {
  return guarded([=] {
    handle->timings.clear();
    try {
      handle->program->executor().run(begin, end, {}, timed ? &handle->timings : nullptr);
    } catch (const RunStopped& stopped) {
      message = stopped.what();
      return 2;
    }
    return 1;
  });
}
// Begin and end of each instruction of the last timed run, in seconds.
IABN_EXPORT(program_timings) const Timing* program_timings(ProgramHandle* handle) {
  return handle->timings.data();
}
IABN_EXPORT(program_timed) size_t program_timed(ProgramHandle* handle) { return handle->timings.size(); }
IABN_EXPORT(program_delete) void program_delete(ProgramHandle* handle) { delete handle; }

}  // namespace iabn
