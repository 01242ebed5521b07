// NCCL's communicators, by the name of a process group.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "cuda/libraries/library.h"
#include "cuda/libraries/nccl_api.h"
#include "program/plugin.h"

namespace iabn::cuda {

// Of a group's two communicators: what kernels wait for, and what is under way beside them.
enum class Lane { prompt, background };

class Nccl {
 public:
  explicit Nccl(PluginHost* host);
  ~Nccl();
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  static Library open();
  void check(nccl::Result result, const char* what) const;

  // A communicator of the group's processes: made by all of them at its first use, over the group itself.
  nccl::Comm communicator(const std::string& group, Lane lane);

  // Throws, with the communicators aborted, when a group's collectives are to end: kernels that wait for a
  // lost process would wait for ever.
  void check_groups();
  bool in_use() const { return !communicators_.empty(); }

  nccl::AllReduce* all_reduce;
  nccl::AllGather* all_gather;
  nccl::Broadcast* broadcast;

 private:
  void abort_all();

  PluginHost* host_;
  Library library_;
  nccl::GetUniqueId* get_unique_id_;
  nccl::CommInitRank* comm_init_rank_;
  nccl::CommAbort* comm_abort_;
  nccl::CommGetAsyncError* comm_get_async_error_;
  nccl::GetErrorString* error_string_;
  std::map<std::pair<std::string, Lane>, nccl::Comm> communicators_;
};

// Its version ("2.27.3"); throws as Library does.
std::string nccl_version();

}  // namespace iabn::cuda
