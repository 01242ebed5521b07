// JavaScript classes over the parts of a program. TypeScript checks arguments first; a wrong type still
// throws.
#pragma once

#include <napi.h>

#include <memory>

#include "comm/group.h"
#include "program/compute_thread.h"
#include "program/device.h"
#include "program/kernel.h"
#include "program/memory.h"
#include "program/program.h"

namespace iabn {

// new Memory(bytes, device?); bytes; read(offset, length): Uint8Array copy; readInto(offset, bytes);
// write(offset, bytes); populate(offset, length); discard()
class MemoryBinding : public Napi::ObjectWrap<MemoryBinding> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit MemoryBinding(const Napi::CallbackInfo& info);
  std::shared_ptr<Memory> memory;

 private:
  Napi::Value read(const Napi::CallbackInfo& info);
  void read_into(const Napi::CallbackInfo& info);
  void write(const Napi::CallbackInfo& info);
  void populate(const Napi::CallbackInfo& info);
  void discard(const Napi::CallbackInfo& info);
};

// new Kernel({op, attrs, inputs, outputs}, device?); workspaceBytes; implementation; refusals
class KernelBinding : public Napi::ObjectWrap<KernelBinding> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit KernelBinding(const Napi::CallbackInfo& info);
  std::string op;
  std::shared_ptr<Kernel> kernel;
  std::vector<size_t> input_bytes;
  std::vector<size_t> output_bytes;
};

// new Program([{kernel, inputs, outputs, workspace}], device?); run(feeds, fetches, begin, end):
// Promise<Uint8Array[]>. A feed with null data takes the data passed to prefetch(location, data). settle():
// Promise. Waits for what an abandoned run has started: the next run uses its memory.
class ProgramBinding : public Napi::ObjectWrap<ProgramBinding> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit ProgramBinding(const Napi::CallbackInfo& info);

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  void prefetch(const Napi::CallbackInfo& info);
  Napi::Value settle(const Napi::CallbackInfo& info);
  std::shared_ptr<Program> program_;
};

// new Group({name, rank, size, perNode, hostname, timeoutMs, connectTimeoutMs}); addresses(): [lane][peer];
// connect([lane][peer]): Promise. Collectives work on copies of host bytes, queue behind the compute thread's
// pending work and return promises: allReduce(bytes, dtype), allGather(bytes), broadcast(bytes, root),
// broadcastMemory(location, length, root), barrier(). abort(reason); close(); takeSpans()
class GroupBinding : public Napi::ObjectWrap<GroupBinding> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit GroupBinding(const Napi::CallbackInfo& info);

 private:
  std::shared_ptr<Group> live(const Napi::CallbackInfo& info) const;
  Napi::Value addresses(const Napi::CallbackInfo& info);
  Napi::Value connect(const Napi::CallbackInfo& info);
  Napi::Value all_reduce(const Napi::CallbackInfo& info);
  Napi::Value all_gather(const Napi::CallbackInfo& info);
  Napi::Value broadcast(const Napi::CallbackInfo& info);
  Napi::Value broadcast_memory(const Napi::CallbackInfo& info);
  Napi::Value barrier(const Napi::CallbackInfo& info);
  void abort(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value take_spans(const Napi::CallbackInfo& info);
  std::shared_ptr<Group> group_;
};

// hasBFloat16(), instructionSet(), threads(), onednnVersion(), dieWithParent(ppid), exitNow(code)
void define_machine(Napi::Env env, Napi::Object exports);

// firstOutside(labels, classes, ignored): index of the first label that is neither a class nor ignored, or −1
void define_labels(Napi::Env env, Napi::Object exports);

// pluginReport(path, free): JSON report of a device plugin; new Device(path, index, options)
void define_plugin(Napi::Env env, Napi::Object exports);

// The device made by `new Device`; the CPU for undefined.
std::shared_ptr<Device> to_device(const Napi::Value& value);
size_t to_size(const Napi::Value& value, const char* what);
Operand to_operand(const Napi::Value& value);
// The compute thread of this JavaScript environment, created on first use.
ComputeThread& compute_thread(Napi::Env env);

}  // namespace iabn
