// In-place elementwise updates of parameters: one launch per tensor, or one for many tensors.
//
//   struct Update {                                  // of one tensor: its pointers and the rule
//     struct Rates;                                  // computed once per thread
//     __device__ Rates rates() const;
//     __device__ void operator()(const Rates&, int64_t i) const;
//   };
#pragma once

#include "cuda/support/group.h"
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {

constexpr int64_t kUpdateChunk = 4096;  // elements of a block where a launch is for many tensors

template <class Update>
__global__ void __launch_bounds__(kThreads) update_tensor(int64_t count, Update update) {
  const auto rates = update.rates();
  for (int64_t i = first_item(); i < count; i += item_step()) update(rates, i);
}

template <class Update>
struct UpdateEntry {
  Update update;
  int64_t count;
  int64_t first_block;
};

// The blocks of all tensors are consecutive; each finds its tensor by binary search.
template <class Update>
__global__ void __launch_bounds__(kThreads) update_tensors(const UpdateEntry<Update>* entries, int tensors) {
  const int64_t block = blockIdx.x;
  int low = 0, high = tensors;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (entries[middle].first_block <= block) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const UpdateEntry<Update> entry = entries[low];
  const auto rates = entry.update.rates();
  const int64_t begin = (block - entry.first_block) * kUpdateChunk;
  const int64_t end = begin + kUpdateChunk < entry.count ? begin + kUpdateChunk : entry.count;
  for (int64_t i = begin + threadIdx.x; i < end; i += kThreads) entry.update(rates, i);
}

template <class Update>
class UpdatesLaunch final : public GroupLaunch {
 public:
  UpdatesLaunch(const Context& context, std::vector<UpdateEntry<Update>> entries)
      : context_(context), tensors_(static_cast<int>(entries.size())) {
    for (UpdateEntry<Update>& entry : entries) {
      entry.first_block = blocks_;
      blocks_ += (entry.count + kUpdateChunk - 1) / kUpdateChunk;
    }
    const size_t bytes = entries.size() * sizeof(UpdateEntry<Update>);
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes), "the table of parameters");
    table_ = static_cast<UpdateEntry<Update>*>(memory);
    check(cudaMemcpy(table_, entries.data(), bytes, cudaMemcpyHostToDevice), "the table of parameters");
  }
  ~UpdatesLaunch() override { cudaFree(table_); }

  void run() override {
    launch(context_.stream, update_tensors<Update>, dim3(static_cast<unsigned>(blocks_)), kThreads,
           static_cast<const UpdateEntry<Update>*>(table_), tensors_);
  }

 private:
  const Context& context_;
  int tensors_;
  int64_t blocks_ = 0;
  UpdateEntry<Update>* table_ = nullptr;
};

// `Bind`: converts a kernel's arguments to its Update.
template <class Update, class Bind>
class UpdateKernel final : public Kernel, public Grouped {
 public:
  UpdateKernel(const Context& context, int64_t count, Bind bind)
      : context_(context), count_(count), bind_(bind) {}

  std::string implementation() const override { return "cuda"; }

  void run(const KernelArgs& args) override {
    launch(context_.stream, update_tensor<Update>, dim3(blocks_for(context_, count_)), kThreads, count_,
           bind_(args));
  }

  bool takes(const Kernel& other) const override {
    return dynamic_cast<const UpdateKernel*>(&other) != nullptr;
  }

  std::unique_ptr<GroupLaunch> group(const std::vector<Member>& members) const override {
    std::vector<UpdateEntry<Update>> entries;
    for (const Member& member : members) {
      const auto& each = dynamic_cast<const UpdateKernel&>(*member.kernel);
      entries.push_back({each.bind_(member.args), each.count_, 0});
    }
    return std::make_unique<UpdatesLaunch<Update>>(context_, std::move(entries));
  }

 private:
  const Context& context_;
  int64_t count_;
  Bind bind_;
};

}  // namespace iabn::cuda
