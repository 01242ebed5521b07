#include "comm/group.h"

#include <algorithm>
#include <stdexcept>

#include "comm/nodes_lane.h"
#include "program/clock.h"
#include "program/wait.h"

namespace iabn {
namespace {

std::mutex registry_mutex;

std::map<std::string, std::weak_ptr<Group>>& registry() {
  static std::map<std::string, std::weak_ptr<Group>> groups;
  return groups;
}

std::vector<std::shared_ptr<Group>> live_groups() {
  std::lock_guard<std::mutex> lock(registry_mutex);
  std::vector<std::shared_ptr<Group>> live;
  for (auto& [name, group] : registry()) {
    if (auto held = group.lock()) live.push_back(std::move(held));
  }
  return live;
}

std::unique_ptr<Lane> open_lane(const GroupOptions& options) {
  const LaneOptions lane{options.hostname, options.rank, options.size, options.connect_timeout};
  if (options.per_node > 1) return open_nodes_lane(lane, options.per_node);
  return open_mesh(lane);
}

// Limit on spans that nobody takes.
constexpr size_t kMaxSpans = 1 << 16;

}  // namespace

std::shared_ptr<Group> Group::create(const GroupOptions& options) {
  std::shared_ptr<Group> group(new Group(options));
  std::lock_guard<std::mutex> lock(registry_mutex);
  auto& slot = registry()[options.name];
  if (!slot.expired()) throw std::runtime_error("a process group named " + options.name + " already exists");
  slot = group;
  return group;
}

std::shared_ptr<Group> Group::find(const std::string& name) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  auto found = registry().find(name);
  auto group = found == registry().end() ? nullptr : found->second.lock();
  if (!group) throw std::runtime_error("no process group named " + name + " is initialized in this process");
  return group;
}

void Group::drain_all(const std::set<void*>& data) {
  for (const auto& group : live_groups()) group->drain(data);
}

Group::Group(const GroupOptions& options) : options_(options) {
  if (options.size > 1) {
    for (auto* lane : {&prompt_, &background_}) *lane = open_lane(options);
  }
  thread_ = std::thread([this] { work(); });
}

Group::~Group() {
  abort("the process group " + options_.name + " was closed");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  queued_.notify_all();
  thread_.join();
}

std::vector<Addresses> Group::addresses() const {
  if (!prompt_) return {};
  return {prompt_->addresses(), background_->addresses()};
}

void Group::connect(const std::vector<Addresses>& by_lane) {
  if (!prompt_) return;
  prompt_->connect(by_lane.at(0));
  background_->connect(by_lane.at(1));
}

std::string Group::aborted() {
  std::lock_guard<std::mutex> lock(mutex_);
  return reason_;
}

// A failed lane reports its own error, but the reason of an abort is more useful.
template <class Run>
void Group::promptly(const Run& run) {
  if (const std::string reason = aborted(); !reason.empty()) throw std::runtime_error(reason);
  if (!prompt_) return;
  try {
    run(*prompt_);
  } catch (const std::exception&) {
    if (const std::string reason = aborted(); !reason.empty()) throw std::runtime_error(reason);
    throw;
  }
}

void Group::all_reduce(void* data, size_t elements, SumType type) {
  promptly([&](Lane& lane) { lane.all_reduce(data, elements, type, options_.timeout); });
}

void Group::all_gather(const void* src, void* gathered, size_t bytes) {
  if (!prompt_) std::copy_n(static_cast<const uint8_t*>(src), bytes, static_cast<uint8_t*>(gathered));
  promptly([&](Lane& lane) { lane.all_gather(src, gathered, bytes, options_.timeout); });
}

void Group::broadcast(void* data, size_t bytes, int root) {
  promptly([&](Lane& lane) { lane.broadcast(data, bytes, root, options_.timeout); });
}

void Group::barrier() {
  promptly([&](Lane& lane) { lane.barrier(options_.timeout); });
}

void Group::start_all_reduce(void* data, size_t elements, SumType type) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back({data, elements, type});
  }
  queued_.notify_one();
}

void Group::finish(void* data) {
  std::unique_lock<std::mutex> lock(mutex_);
  wait_until_ready(done_, lock, [&] { return !pending_in({data}); });
  auto found = results_.find(data);
  if (found == results_.end()) throw std::runtime_error("no pending sum in this memory");
  const std::string failure = std::move(found->second);
  results_.erase(found);
  if (!failure.empty()) throw std::runtime_error(failure);
}

void Group::drain(const std::set<void*>& data) {
  std::unique_lock<std::mutex> lock(mutex_);
  wait_until_ready(done_, lock, [&] { return !pending_in(data); });
  for (void* each : data) results_.erase(each);
}

bool Group::pending_in(const std::set<void*>& data) const {
  return std::any_of(queue_.begin(), queue_.end(), [&](const Sum& sum) { return data.count(sum.data) != 0; });
}

void Group::abort(const std::string& reason) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (reason_.empty()) reason_ = reason;
  }
  if (prompt_) prompt_->abort(reason);
  if (background_) background_->abort(reason);
}

std::vector<Span> Group::take_spans() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::move(spans_);
}

std::string Group::perform(const Sum& sum) {
  if (const std::string reason = aborted(); !reason.empty()) return reason;
  if (!background_) return "";
  try {
    background_->all_reduce(sum.data, sum.elements, sum.type, options_.timeout);
    return "";
  } catch (const std::exception& failure) {
    const std::string reason = aborted();
    return reason.empty() ? failure.what() : reason;
  }
}

void Group::work() {
  for (;;) {
    Sum sum;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wait_until_ready(queued_, lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      sum = queue_.front();
    }
    const double begin = now();
    std::string failure = perform(sum);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (spans_.size() < kMaxSpans) spans_.push_back({begin, now(), sum.elements * sum_type_size(sum.type)});
      results_[sum.data] = std::move(failure);
      queue_.pop_front();
    }
    done_.notify_all();
  }
}

}  // namespace iabn
