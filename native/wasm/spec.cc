#include "wasm/spec.h"

namespace iabn {
namespace {

constexpr double kAddresses = 4294967296.0;

TensorDesc to_desc(Fields& fields) {
  TensorDesc desc;
  const std::string dtype = fields.text();
  if (dtype.empty()) return desc;
  desc.dtype = parse_dtype(dtype);
  const int64_t pitch = fields.integer();
  for (size_t rank = fields.size(); rank > 0; --rank) desc.dims.push_back(fields.integer());
  desc.pitch = pitch;
  if (pitch > 0 && (desc.rank() < 2 || pitch < desc.channels()))
    throw std::invalid_argument("rows overlap: their pitch is less than their channels");
  return desc;
}

std::vector<TensorDesc> to_descs(Fields& fields) {
  std::vector<TensorDesc> descs;
  for (size_t count = fields.size(); count > 0; --count) descs.push_back(to_desc(fields));
  return descs;
}

Attrs::Attr to_attr(Fields& fields) {
  const std::string type = fields.text();
  if (type == "number") return fields.number();
  if (type == "boolean") return fields.text() == "true";
  if (type == "string") return fields.text();
  std::vector<double> numbers;
  for (size_t count = fields.size(); count > 0; --count) numbers.push_back(fields.number());
  return numbers;
}

double bytes_of(const std::vector<TensorDesc>& descs) {
  double bytes = 0;
  for (const TensorDesc& desc : descs) {
    double size = static_cast<double>(dtype_size(desc.dtype));
    if (desc.present()) size *= static_cast<double>(desc.elements());
    bytes +=
        desc.dense() ? size : size * static_cast<double>(desc.pitch) / static_cast<double>(desc.channels());
  }
  return bytes;
}

Operand to_operand(Fields& fields) {
  auto* handle = fields.handle<MemoryHandle>();
  const size_t offset = fields.size();
  if (handle == nullptr) return {};
  (*handle)->renew();
  return {*handle, offset};
}

std::vector<Operand> to_operands(Fields& fields) {
  std::vector<Operand> operands;
  for (size_t count = fields.size(); count > 0; --count) operands.push_back(to_operand(fields));
  return operands;
}

}  // namespace

KernelSpec to_spec(Fields& fields) {
  KernelSpec spec;
  spec.op = fields.text();
  spec.choice = fields.text();
  for (size_t count = fields.size(); count > 0; --count) {
    const std::string name = fields.text();
    spec.attrs.set(name, to_attr(fields));
  }
  spec.inputs = to_descs(fields);
  spec.outputs = to_descs(fields);
  spec.constants.resize(spec.inputs.size());
  for (size_t count = fields.size(); count > 0; --count) spec.constants.at(fields.size()) = true;
  if (bytes_of(spec.inputs) + bytes_of(spec.outputs) >= kAddresses) {
    throw std::invalid_argument(
        "the operands of " + spec.op +
        " take more than the 4 GB that WebAssembly has: use smaller batches or images");
  }
  return spec;
}

Instruction to_instruction(Fields& fields) {
  const auto* made = fields.handle<KernelHandle>();
  Instruction instruction;
  instruction.op = made->op;
  instruction.kernel = made->kernel;
  instruction.input_bytes = made->input_bytes;
  instruction.output_bytes = made->output_bytes;
  instruction.path = fields.text();
  instruction.lays_out = fields.text() == "layout";
  instruction.inputs = to_operands(fields);
  instruction.outputs = to_operands(fields);
  instruction.workspace = to_operand(fields);
  instruction.layout = to_operand(fields);
  return instruction;
}

}  // namespace iabn
