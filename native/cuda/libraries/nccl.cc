#include "cuda/libraries/nccl.h"

#include <stdexcept>

namespace iabn::cuda {

Library Nccl::open() { return Library("NCCL", "IABN_NCCL_LIBRARY", {"libnccl.so.2", "libnccl.so"}); }

std::string nccl_version() {
  const Library library = Nccl::open();
  nccl::GetVersion* version = nullptr;
  library.resolve(version, "ncclGetVersion");
  int number = 0;  // 22703 is 2.27.3
  version(&number);
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

Nccl::Nccl(PluginHost* host) : host_(host), library_(open()) {
  library_.resolve(get_unique_id_, "ncclGetUniqueId");
  library_.resolve(comm_init_rank_, "ncclCommInitRank");
  library_.resolve(comm_abort_, "ncclCommAbort");
  library_.resolve(comm_get_async_error_, "ncclCommGetAsyncError");
  library_.resolve(error_string_, "ncclGetErrorString");
  library_.resolve(all_reduce, "ncclAllReduce");
  library_.resolve(all_gather, "ncclAllGather");
  library_.resolve(broadcast, "ncclBroadcast");
}

// Abort instead of destroy, because the other processes may be gone.
Nccl::~Nccl() { abort_all(); }

void Nccl::abort_all() {
  for (auto& [group, communicator] : communicators_) comm_abort_(communicator);
  communicators_.clear();
}

void Nccl::check_groups() {
  for (auto& [key, communicator] : communicators_) {
    std::string failure = host_->failure(key.first);
    nccl::Result result = nccl::kSuccess;
    comm_get_async_error_(communicator, &result);
    if (failure.empty() && result != nccl::kSuccess && result != nccl::kInProgress)
      failure = error_string_(result);
    if (failure.empty()) continue;
    abort_all();
    throw std::runtime_error("all_reduce: " + failure);
  }
}

void Nccl::check(nccl::Result result, const char* what) const {
  if (result == nccl::kSuccess) return;
  throw std::runtime_error(std::string(what) + ": " + error_string_(result));
}

nccl::Comm Nccl::communicator(const std::string& group, Lane lane) {
  const auto found = communicators_.find({group, lane});
  if (found != communicators_.end()) return found->second;
  const int rank = host_->rank(group), size = host_->size(group);
  nccl::UniqueId id = {};
  if (rank == 0) check(get_unique_id_(&id), "NCCL");
  host_->broadcast(group, &id, sizeof(id), 0);
  nccl::Comm communicator = nullptr;
  check(comm_init_rank_(&communicator, size, id, rank), "NCCL");
  communicators_[{group, lane}] = communicator;
  return communicator;
}

}  // namespace iabn::cuda
