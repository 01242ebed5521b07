// NCCL's communicators, by the name of a process group.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cuda/libraries/library.h"
#include "cuda/libraries/nccl_api.h"
#include "program/plugin.h"

namespace iabn::cuda {

class Nccl {
 public:
  explicit Nccl(PluginHost* host);
  ~Nccl();
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  static Library open();
  void check(nccl::Result result, const char* what) const;

  // The communicator of the group's processes: made by all of them at its first use, over the group itself.
  nccl::Comm communicator(const std::string& group);

  nccl::AllReduce* all_reduce;
  nccl::AllGather* all_gather;
  nccl::Broadcast* broadcast;

 private:
  PluginHost* host_;
  Library library_;
  nccl::GetUniqueId* get_unique_id_;
  nccl::CommInitRank* comm_init_rank_;
  nccl::CommAbort* comm_abort_;
  nccl::GetErrorString* error_string_;
  std::map<std::string, nccl::Comm> communicators_;
};

// Its version ("2.27.3"); throws as Library does.
std::string nccl_version();

}  // namespace iabn::cuda
