#include <algorithm>
#include <cstring>

#include "cuda/device/executor.h"
#include "cuda/support/launch.h"
#include "program/clock.h"

namespace iabn::cuda {
namespace {

// Number of steps between markers, which show the stream's progress in order to name a failing op.
constexpr size_t kMarkEvery = 8;

__global__ void mark(int* reached, int step) { *reached = step; }

void destroy(std::vector<cudaEvent_t>& events) {
  for (cudaEvent_t event : events) cudaEventDestroy(event);
}

}  // namespace

StreamExecutor::StreamExecutor(std::shared_ptr<Context> context, std::vector<Step> steps)
    : context_(context), steps_(std::move(steps)), feeds_(context) {
  for (size_t i = 0; i < steps_.size(); ++i) {
    Kernel* kernel = steps_[i].kernel.get();
    on_host_.push_back(dynamic_cast<HostStep*>(kernel) != nullptr);
    if (auto* checked = dynamic_cast<Checked*>(kernel)) checked_.push_back({i, checked});
  }
  find_groups();
}

void StreamExecutor::find_groups() {
  for (size_t begin = 0; begin < steps_.size();) {
    const auto* first = dynamic_cast<const Grouped*>(steps_[begin].kernel.get());
    std::vector<Grouped::Member> members;
    size_t end = begin;
    while (first && end < steps_.size() && first->takes(*steps_[end].kernel)) {
      const Step& step = steps_[end++];
      members.push_back({step.kernel.get(), {step.inputs, step.outputs, step.workspace, step.layout}});
    }
    if (members.size() > 1) groups_.emplace(begin, Group{end, first->group(members)});
    begin = std::max(end, begin + 1);
  }
}

size_t StreamExecutor::run_from(size_t step, size_t end) {
  const auto found = groups_.find(step);
  if (found == groups_.end() || found->second.end > end) {
    run_step(steps_[step]);
    return step + 1;
  }
  try {
    found->second.launch->run();
  } catch (const std::exception& failure) {
    throw std::runtime_error(steps_[step].name + " and those after it failed: " + failure.what());
  }
  return found->second.end;
}

StreamExecutor::~StreamExecutor() {
  for (auto& [range, graph] : graphs_) cudaGraphExecDestroy(graph);
}

void StreamExecutor::feed(const Block& block, const void* src) { feeds_.add(block, src); }

void StreamExecutor::prefetch(const Block& block, const void* src) { feeds_.prefetch(block, src); }

void StreamExecutor::run(size_t begin, size_t end, const std::vector<Block>& fetched,
                         std::vector<Timing>* timings) {
  context_->use();
  const Range range = {begin, std::min(end, steps_.size())};
  std::vector<cudaEvent_t> events;
  const double start = now();
  *reached_.data() = static_cast<int>(begin);
  feeds_.flush();
  try {
    run_range(range, timings ? &events : nullptr);
    fetches_.enqueue(*context_, fetched);
    synchronize(range);
    check_steps(range);
  } catch (const RunStopped&) {
    destroy(events);
    settle();
    check_steps(range);
    throw;
  } catch (...) {
    destroy(events);
    throw;
  }
  for (size_t i = 0; timings && i + 1 < events.size(); ++i) {
    float from = 0.0f, to = 0.0f;
    cudaEventElapsedTime(&from, events[0], events[i]);
    cudaEventElapsedTime(&to, events[0], events[i + 1]);
    timings->push_back({start + from / 1e3, start + to / 1e3});
  }
  destroy(events);
}

void StreamExecutor::run_range(Range range, std::vector<cudaEvent_t>* events) {
  const auto record = [&] {
    if (!events) return;
    events->push_back(nullptr);
    check(cudaEventCreateWithFlags(&events->back(), 0), "an event");
    check(cudaEventRecord(events->back(), context_->stream), "an event");
  };
  record();
  for (size_t begin = range.first; begin < range.second;) {
    size_t end = begin;
    while (end < range.second && !on_host_[end]) ++end;
    if (begin < end) run_segment({begin, end}, events);
    if (end < range.second) {
      run_step(steps_[end]);
      record();
      ++end;
    }
    begin = end;
  }
}

// Captured on the second run, because libraries initialize during the first.
void StreamExecutor::run_segment(Range segment, std::vector<cudaEvent_t>* events) {
  if (!context_->options.graphs || events || runs_[segment]++ == 0) return enqueue(segment, events);
  auto found = graphs_.find(segment);
  if (found == graphs_.end()) found = graphs_.emplace(segment, capture(segment)).first;
  check(cudaGraphLaunch(found->second, context_->stream), "launch of a graph");
}

void StreamExecutor::enqueue(Range segment, std::vector<cudaEvent_t>* events) {
  for (size_t i = segment.first; i < segment.second;) {
    const size_t next = run_from(i, segment.second);
    if (next / kMarkEvery > i / kMarkEvery) {
      launch(context_->stream, mark, dim3(1), kWarp, reached_.data(), static_cast<int>(next));
    }
    // The time of a group is attributed to its first step.
    for (; i < next; ++i) {
      if (!events) continue;
      events->push_back(nullptr);
      check(cudaEventCreateWithFlags(&events->back(), 0), "an event");
      check(cudaEventRecord(events->back(), context_->stream), "an event");
    }
  }
}

cudaGraphExec_t StreamExecutor::capture(Range segment) {
  check(cudaStreamBeginCapture(context_->stream, cudaStreamCaptureModeThreadLocal), "capture of a graph");
  cudaGraph_t graph = nullptr;
  try {
    enqueue(segment, nullptr);
    context_->exchanges.finish_all();
  } catch (...) {
    cudaStreamEndCapture(context_->stream, &graph);
    if (graph) cudaGraphDestroy(graph);
    throw;
  }
  check(cudaStreamEndCapture(context_->stream, &graph), "capture of a graph");
  cudaGraphExec_t executable = nullptr;
  const cudaError_t code = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check(code, "capture of a graph");
  return executable;
}

void StreamExecutor::synchronize(Range range) {
  const cudaError_t code = context_->wait();
  if (code != cudaSuccess) throw CudaError(code, suspects(range) + " failed");
}

void StreamExecutor::check_steps(Range range) {
  for (auto& [index, checked] : checked_) {
    if (index < range.first || index >= range.second) continue;
    try {
      checked->check();
    } catch (const std::exception& failure) {
      throw std::runtime_error(steps_[index].name + " failed: " + failure.what());
    }
  }
}

// The steps between the last marker that the stream has passed and the next one.
std::string StreamExecutor::suspects(Range range) const {
  const size_t begin = std::max(range.first, static_cast<size_t>(*reached_.data()));
  size_t end = begin;
  for (bool marked = false; !marked && end < range.second;) {
    const auto group = groups_.find(end);
    const size_t next = group == groups_.end() ? end + 1 : group->second.end;
    marked = next / kMarkEvery > end / kMarkEvery;
    end = next;
  }
  std::string names = begin + 1 < end ? "one of " : "";
  for (size_t i = begin; i < std::min(end, steps_.size()); ++i) {
    names += (i == begin ? "" : ", ") + steps_[i].name;
  }
  return names;
}

void StreamExecutor::collect(const std::vector<Block>& fetched, size_t index, void* dst) {
  const size_t length = fetched.at(index).length;
  if (length > 0) std::memcpy(dst, fetches_.at(index), length);
}

// Pending sums write to memory that the next run will use.
void StreamExecutor::settle() {
  context_->use();
  context_->exchanges.finish_all();
  check(context_->wait(), "the sums over processes");
}

}  // namespace iabn::cuda
