// NCCL communicators by process group name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "cuda/libraries/library.h"
#include "cuda/libraries/nccl_api.h"
#include "program/plugin.h"

namespace iabn::cuda {

// The two communicators of a group: one that kernels wait for, and one that overlaps with them.
enum class Lane { prompt, background };

class Nccl {
 public:
  explicit Nccl(PluginHost* host);
  ~Nccl();
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  static Library open();
  void check(nccl::Result result, const char* what) const;

  // A communicator of the group's processes. All of them must create it on first use, over the group itself.
  nccl::Comm communicator(const std::string& group, Lane lane);

  // Throws, after aborting the communicators, if a group's collectives must end: kernels that wait for a lost
  // process would wait forever.
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

// Its version ("2.27.3"); throws like Library.
std::string nccl_version();

}  // namespace iabn::cuda
