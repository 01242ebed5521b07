// Runs a program's steps on a stream. Host bytes go through pinned memory. Kernels are enqueued one by one
// or, once captured, launched as a graph. The host waits where a step needs it, and at the end.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cuda/device/staging.h"
#include "cuda/support/context.h"
#include "cuda/support/group.h"
#include "cuda/support/registry.h"
#include "program/device.h"

namespace iabn::cuda {

class StreamExecutor : public Executor {
 public:
  StreamExecutor(std::shared_ptr<Context> context, std::vector<Step> steps);
  ~StreamExecutor() override;

  void feed(const Block& block, const void* src) override;
  void prefetch(const Block& block, const void* src) override;
  void run(size_t begin, size_t end, const std::vector<Block>& fetched,
           std::vector<Timing>* timings) override;
  void collect(const std::vector<Block>& fetched, size_t index, void* dst) override;
  void settle() override;

 private:
  using Range = std::pair<size_t, size_t>;

  // Steps [begin, end) in one launch.
  struct Group {
    size_t end;
    std::unique_ptr<GroupLaunch> launch;
  };

  void find_groups();
  // Runs one step, or its whole group if that is inside the segment, and returns the next step.
  size_t run_from(size_t step, size_t end);
  void run_range(Range range, std::vector<cudaEvent_t>* events);
  void run_segment(Range segment, std::vector<cudaEvent_t>* events);
  void enqueue(Range segment, std::vector<cudaEvent_t>* events);
  cudaGraphExec_t capture(Range segment);
  void synchronize(Range range);
  void check_steps(Range range);
  std::string suspects(Range range) const;

  std::shared_ptr<Context> context_;
  std::vector<Step> steps_;
  std::vector<bool> on_host_;                         // steps that the host takes part in
  std::vector<std::pair<size_t, Checked*>> checked_;  // steps that the host asks afterwards
  std::map<size_t, Group> groups_;                    // by their first step
  Feeds feeds_;
  Fetches fetches_;
  Pinned<int> reached_{1};  // the last marker that the stream has passed
  std::map<Range, int> runs_;
  std::map<Range, cudaGraphExec_t> graphs_;
};

}  // namespace iabn::cuda
