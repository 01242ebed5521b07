#include "cpu/onednn/primitive.h"

#include <algorithm>

namespace iabn::onednn {

const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

// One for each thread: kernels may be timed while a program runs.
dnnl::stream& stream() {
  thread_local dnnl::stream instance(engine());
  return instance;
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

dnnl::memory::data_type data_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return dnnl::memory::data_type::f32;
    case DType::bf16:
      return dnnl::memory::data_type::bf16;
    default:
      throw Refused("oneDNN computes in float32 and bfloat16 only");
  }
}

bool linked() { return true; }

bool allows(Isa isa) {
  const auto bits_of = [](Isa set) {
    switch (set) {
      case Isa::avx2:
        return dnnl::cpu_isa::avx2;
      case Isa::avx512:
        return dnnl::cpu_isa::avx512_core;
      default:
        return dnnl::cpu_isa::avx512_core_bf16;
    }
  };
  // The enumerators are bit sets that include the bits of lower instruction sets.
  const auto wanted = static_cast<unsigned>(bits_of(isa));
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

std::string version() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch);
}

std::string described() {
  return "isa " + std::to_string(static_cast<unsigned>(dnnl::get_effective_cpu_isa())) + ", oneDNN " +
         version();
}

bool has_bfloat16() { return allows(Isa::avx512_bf16); }

void refuse_emulated(DType images) {
  if (images == DType::bf16 && !has_bfloat16())
    throw Refused("this CPU has no instructions for bfloat16 products");
}

void refuse_reference(const std::string& implementation) {
  if (implementation.find("ref") == 0)
    throw Refused("oneDNN offers only its reference loops (" + implementation + ")");
}

Primitive::Primitive(const dnnl::primitive& primitive, const Operands& operands,
                     const dnnl::memory::desc& scratchpad)
    : primitive_(primitive), scratchpad_bytes_(scratchpad.get_size()) {
  for (const auto& [argument, desc] : operands) {
    arguments_.emplace(argument, dnnl::memory(desc, engine(), DNNL_MEMORY_NONE));
  }
  arguments_.emplace(DNNL_ARG_SCRATCHPAD, dnnl::memory(scratchpad, engine(), DNNL_MEMORY_NONE));
}

void Primitive::run(void* scratchpad) {
  bind(DNNL_ARG_SCRATCHPAD, scratchpad);
  primitive_.execute(stream(), arguments_);
  stream().wait();
}

Reorder::Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  if (from == to) return;
  const dnnl::reorder::primitive_desc desc(engine(), from, engine(), to, user_scratchpad());
  primitives_.emplace_back(dnnl::reorder(desc), Primitive::Operands{{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}},
                           desc.scratchpad_desc());
}

void Reorder::run(const void* from, void* to, void* scratchpad) {
  Primitive& primitive = primitives_.front();
  primitive.bind(DNNL_ARG_FROM, const_cast<void*>(from));
  primitive.bind(DNNL_ARG_TO, to);
  primitive.run(scratchpad);
}

namespace {

Primitive::Operands primitive_operands(const std::vector<Operand>& operands, const Weights& weights) {
  Primitive::Operands result{{weights.argument, weights.preferred}};
  for (const Operand& operand : operands) result.emplace_back(operand.argument, operand.desc);
  return result;
}

Reorder weights_reorder(const Weights& weights) {
  return weights.place.output ? Reorder(weights.preferred, weights.own)
                              : Reorder(weights.own, weights.preferred);
}

void* address(const KernelArgs& args, const Place& place) {
  return place.output ? args.outputs[place.index] : args.inputs[place.index];
}

}  // namespace

PrimitiveKernel::PrimitiveKernel(std::string implementation, const dnnl::primitive& primitive,
                                 const std::vector<Operand>& operands, const Weights& weights,
                                 const dnnl::memory::desc& scratchpad)
    : implementation_(std::move(implementation)),
      operands_(operands),
      weights_(weights),
      primitive_(primitive, primitive_operands(operands, weights), scratchpad),
      reorder_(weights_reorder(weights)) {
  if (reorder_.needed() && !kept()) weights_offset_ = layout_.add(weights.preferred.get_size());
  scratchpad_offset_ = layout_.add(std::max(primitive_.scratchpad_bytes(), reorder_.scratchpad_bytes()));
}

std::vector<size_t> PrimitiveKernel::laid_out_inputs() const {
  return kept() ? std::vector<size_t>{weights_.place.index} : std::vector<size_t>{};
}

void PrimitiveKernel::lay_out(const KernelArgs& args) {
  reorder_.run(address(args, weights_.place), args.layout,
               WorkspaceLayout::at(args.workspace, scratchpad_offset_));
}

void PrimitiveKernel::run(const KernelArgs& args) {
  void* scratchpad = WorkspaceLayout::at(args.workspace, scratchpad_offset_);
  for (const Operand& operand : operands_) primitive_.bind(operand.argument, address(args, operand.place));
  if (kept() || !reorder_.needed()) {
    primitive_.bind(weights_.argument, kept() ? args.layout : address(args, weights_.place));
    primitive_.run(scratchpad);
    return;
  }
  void* own = address(args, weights_.place);
  void* preferred = WorkspaceLayout::at(args.workspace, weights_offset_);
  const bool gradient = weights_.place.output;
  if (!gradient) reorder_.run(own, preferred, scratchpad);
  primitive_.bind(weights_.argument, preferred);
  primitive_.run(scratchpad);
  if (gradient) reorder_.run(preferred, own, scratchpad);
}

}  // namespace iabn::onednn
