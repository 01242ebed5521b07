#include "geometry/expression.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>

namespace iabn {
namespace {

struct Named {
  Function function;
  uint8_t arity;
};

const std::map<std::string, Named>& functions() {
  static const std::map<std::string, Named> table = {
      {"abs", {Function::abs, 1}},
      {"add", {Function::add, 2}},
      {"div", {Function::div, 2}},
      {"elu", {Function::elu, 2}},
      {"elu_diff", {Function::elu_diff, 3}},
      {"elu_invert", {Function::elu_invert, 2}},
      {"exp", {Function::exp, 1}},
      {"exp_invert", {Function::exp_invert, 1}},
      {"leaky_relu", {Function::leaky_relu, 2}},
      {"leaky_relu_diff", {Function::leaky_relu_diff, 3}},
      {"log", {Function::log, 1}},
      {"mul", {Function::mul, 2}},
      {"neg", {Function::neg, 1}},
      {"relu", {Function::relu, 1}},
      {"relu_diff", {Function::relu_diff, 2}},
      {"sigmoid", {Function::sigmoid, 1}},
      {"sign", {Function::sign, 1}},
      {"sqrt", {Function::sqrt, 1}},
      {"sub", {Function::sub, 2}},
      {"tanh", {Function::tanh, 1}},
  };
  return table;
}

[[noreturn]] void refuse(const std::string& text) {
  throw std::invalid_argument("not an elementwise expression: '" + text + "'");
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Expression parse() {
    std::istringstream words(text_);
    for (std::string word; words >> word;) instruction(word);
    if (made_.empty() || made_.size() > kMostInstructions || result_.numbers.size() > kMostNumbers) {
      refuse(text_);
    }
    assign_registers();
    return std::move(result_);
  }

 private:
  // Arguments before register allocation: a result is negative, −1 − its index.
  struct Made {
    Named named;
    int from[3];
  };

  void instruction(const std::string& word) {
    const size_t open = word.find('(');
    if (open == std::string::npos) {
      made_.push_back({{Function::copy, 1}, {argument(word), 0, 0}});
      return;
    }
    const auto found = functions().find(word.substr(0, open));
    if (found == functions().end() || word.back() != ')') refuse(text_);
    Made made = {found->second, {0, 0, 0}};
    std::istringstream list(word.substr(open + 1, word.size() - open - 2));
    int count = 0;
    for (std::string part; std::getline(list, part, ','); ++count) {
      if (count == made.named.arity) refuse(text_);
      made.from[count] = argument(part);
    }
    if (count != made.named.arity) refuse(text_);
    made_.push_back(made);
  }

  int argument(const std::string& word) {
    char* end = nullptr;
    if (word.size() > 1 && (word[0] == 'x' || word[0] == 't')) {
      const long place = std::strtol(word.c_str() + 1, &end, 10);
      const long most = word[0] == 'x' ? kMostOperands : static_cast<long>(made_.size());
      if (*end != '\0' || place < 0 || place >= most) refuse(text_);
      if (word[0] == 't') return -1 - static_cast<int>(place);
      result_.operands = std::max(result_.operands, static_cast<int>(place) + 1);
      return static_cast<int>(place);
    }
    const float value = std::strtof(word.c_str(), &end);
    if (word.empty() || *end != '\0' || !std::isfinite(value)) refuse(text_);
    auto& numbers = result_.numbers;
    const auto known = std::find(numbers.begin(), numbers.end(), value);
    const int place = static_cast<int>(known - numbers.begin());
    if (known == numbers.end()) numbers.push_back(value);
    return kNumbers + place;
  }

  // A result may reuse the register of an argument that is not read again.
  void assign_registers() {
    const int count = static_cast<int>(made_.size());
    std::vector<int> last(made_.size(), count), at(made_.size(), -1);
    for (int i = 0; i < count; ++i) {
      for (int from : made_[static_cast<size_t>(i)].from) {
        if (from < 0) last[static_cast<size_t>(-1 - from)] = i;
      }
    }
    std::vector<bool> taken(kMostRegisters, false);
    for (int i = 0; i < count; ++i) {
      const Made& made = made_[static_cast<size_t>(i)];
      Instruction next = {made.named.function, made.named.arity, 0, {}};
      for (int k = 0; k < made.named.arity; ++k) {
        const int from = made.from[k];
        next.from[k] =
            static_cast<uint8_t>(from < 0 ? kRegisters + at[static_cast<size_t>(-1 - from)] : from);
      }
      for (int earlier = 0; earlier < i; ++earlier) {
        if (last[static_cast<size_t>(earlier)] == i)
          taken[static_cast<size_t>(at[static_cast<size_t>(earlier)])] = false;
      }
      const auto free = std::find(taken.begin(), taken.end(), false);
      if (free == taken.end()) refuse(text_);
      *free = true;
      const int place = static_cast<int>(free - taken.begin());
      at[static_cast<size_t>(i)] = place;
      next.to = static_cast<uint8_t>(kRegisters + place);
      result_.registers = std::max(result_.registers, place + 1);
      result_.instructions.push_back(next);
    }
  }

  std::string text_;
  std::vector<Made> made_;
  Expression result_;
};

// Axes in storage order, channels last.
std::vector<size_t> storage_axes(size_t rank) {
  std::vector<size_t> axes;
  for (size_t axis = 0; axis < rank; ++axis) {
    if (rank < 3 || axis != 1) axes.push_back(axis);
  }
  if (rank > 2) axes.push_back(1);
  return axes;
}

// Sizes aligned to a result of rank `rank`: a vector is aligned to the channels.
std::vector<int64_t> aligned(const std::vector<int64_t>& dims, size_t rank) {
  std::vector<int64_t> along(rank, 1);
  if (dims.size() == 1 && rank > 1) {
    along[1] = dims[0];
  } else {
    std::copy(dims.begin(), dims.end(), along.begin());
  }
  return along;
}

void widen(std::vector<int64_t>& shape, const std::vector<int64_t>& dims) {
  const std::vector<int64_t> along = aligned(dims, shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (along[axis] == 1) continue;
    if (shape[axis] != 1 && shape[axis] != along[axis]) {
      throw std::invalid_argument("operands of an expression differ in size along axis " +
                                  std::to_string(axis));
    }
    shape[axis] = along[axis];
  }
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& dims, const std::vector<size_t>& axes) {
  const std::vector<int64_t> along = aligned(dims, axes.size());
  std::vector<int64_t> strides(axes.size());
  int64_t stride = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    strides[i] = along[axes[i]] == 1 ? 0 : stride;
    stride *= along[axes[i]];
  }
  return strides;
}

}  // namespace

Expression parse_expression(const Attrs& attrs) { return Parser(attrs.string("program")).parse(); }

int64_t Domain::elements() const {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  return count;
}

Domain broadcast_domain(const std::vector<TensorDesc>& operands, const std::vector<int64_t>& domain,
                        const std::vector<int64_t>* left) {
  size_t rank = domain.size();
  for (const TensorDesc& operand : operands) rank = std::max(rank, operand.rank());
  std::vector<int64_t> shape(rank, 1);
  widen(shape, domain);
  for (const TensorDesc& operand : operands) widen(shape, operand.dims);
  const std::vector<size_t> axes = storage_axes(rank);
  const std::vector<int64_t> kept = left ? aligned(*left, rank) : shape;
  Domain result;
  result.strides.resize(operands.size());
  std::vector<std::vector<int64_t>> strides;
  for (const TensorDesc& operand : operands) strides.push_back(strides_of(operand.dims, axes));
  // Start with the fastest axis, so that each axis can merge with the one it continues.
  for (size_t i = axes.size(); i-- > 0;) {
    const int64_t size = shape[axes[i]];
    if (size == 1) continue;
    const bool summed = kept[axes[i]] == 1;
    bool joins = !result.sizes.empty() && result.summed.back() == summed;
    for (size_t k = 0; joins && k < operands.size(); ++k) {
      joins = strides[k][i] == result.strides[k].back() * result.sizes.back();
    }
    if (joins) {
      result.sizes.back() *= size;
      continue;
    }
    result.sizes.push_back(size);
    result.summed.push_back(summed);
    for (size_t k = 0; k < operands.size(); ++k) result.strides[k].push_back(strides[k][i]);
  }
  while (result.sizes.size() < 2) {
    result.sizes.push_back(1);
    result.summed.push_back(left != nullptr);
    for (auto& each : result.strides) each.push_back(0);
  }
  std::reverse(result.sizes.begin(), result.sizes.end());
  std::reverse(result.summed.begin(), result.summed.end());
  for (auto& each : result.strides) std::reverse(each.begin(), each.end());
  return result;
}

}  // namespace iabn
