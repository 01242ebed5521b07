// NCCL's collectives for processes on one machine, over shared memory named by the unique id. Each exchange
// is split into pieces that fit a member's part; members synchronize before and after every piece.
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "cuda/libraries/nccl_api.h"

using namespace iabn::cuda::nccl;

namespace {

constexpr size_t kPiece = 1 << 16;
constexpr int kMostMembers = 16;
constexpr Result kSystemError = 2;

struct Shared {
  pthread_barrier_t barrier;
  int ready;
  unsigned char parts[kMostMembers][kPiece];
};

size_t size_of(int type) { return type == kInt8 ? 1 : 4; }

template <class T>
void add(const Shared& shared, int members, size_t bytes, void* out) {
  T* sums = static_cast<T*>(out);
  for (size_t i = 0; i < bytes / sizeof(T); ++i) {
    T sum = 0;
    for (int member = 0; member < members; ++member) {
      sum += reinterpret_cast<const T*>(shared.parts[member])[i];
    }
    sums[i] = sum;
  }
}

}  // namespace

namespace iabn::cuda::nccl {

struct ncclComm {
  Shared* shared;
  std::string name;
  int rank, size;

  // Calls deliver(offset, length) once all parts have arrived.
  template <class Deliver>
  void exchange(const void* src, size_t bytes, Deliver deliver) {
    for (size_t offset = 0; offset < bytes; offset += kPiece) {
      const size_t length = std::min(kPiece, bytes - offset);
      std::memcpy(shared->parts[rank], static_cast<const char*>(src) + offset, length);
      pthread_barrier_wait(&shared->barrier);
      deliver(offset, length);
      pthread_barrier_wait(&shared->barrier);
    }
  }
};

}  // namespace iabn::cuda::nccl

extern "C" {

Result ncclGetVersion(int* version) {
  *version = 22703;
  return kSuccess;
}

const char* ncclGetErrorString(Result result) {
  return result == kSuccess ? "no error" : "unhandled system error";
}

Result ncclGetUniqueId(UniqueId* id) {
  static int count = 0;
  std::snprintf(id->bytes, sizeof(id->bytes), "/iabn-nccl-%d-%d", getpid(), count++);
  return kSuccess;
}

Result ncclCommInitRank(Comm* comm, int size, UniqueId id, int rank) {
  if (size > kMostMembers) return kSystemError;
  const int file = shm_open(id.bytes, O_CREAT | O_RDWR, 0600);
  if (file < 0 || ftruncate(file, sizeof(Shared)) != 0) return kSystemError;
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return kSystemError;
  auto* shared = static_cast<Shared*>(memory);
  if (rank == 0) {
    pthread_barrierattr_t shared_by_processes;
    pthread_barrierattr_init(&shared_by_processes);
    pthread_barrierattr_setpshared(&shared_by_processes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&shared->barrier, &shared_by_processes, static_cast<unsigned>(size));
    __atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
  }
  while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) == 0) sched_yield();
  *comm = new iabn::cuda::nccl::ncclComm{shared, id.bytes, rank, size};
  pthread_barrier_wait(&shared->barrier);
  if (rank == 0) shm_unlink(id.bytes);
  return kSuccess;
}

Result ncclCommGetAsyncError(Comm, Result* result) {
  *result = kSuccess;
  return kSuccess;
}

Result ncclCommAbort(Comm comm) {
  munmap(comm->shared, sizeof(Shared));
  delete comm;
  return kSuccess;
}

Result ncclAllReduce(const void* src, void* dst, size_t count, int type, int op, Comm comm,
                     cudaStream_t stream) {
  if (op != kSum || type == kInt8) return kSystemError;
  emulator::enqueue(stream, [=] {
    comm->exchange(src, count * size_of(type), [&](size_t offset, size_t length) {
      void* out = static_cast<char*>(dst) + offset;
      if (type == kInt32) return add<int32_t>(*comm->shared, comm->size, length, out);
      add<float>(*comm->shared, comm->size, length, out);
    });
  });
  return kSuccess;
}

Result ncclAllGather(const void* src, void* dst, size_t count, int type, Comm comm, cudaStream_t stream) {
  const size_t bytes = count * size_of(type);
  emulator::enqueue(stream, [=] {
    comm->exchange(src, bytes, [&](size_t offset, size_t length) {
      for (int member = 0; member < comm->size; ++member) {
        std::memcpy(static_cast<char*>(dst) + static_cast<size_t>(member) * bytes + offset,
                    comm->shared->parts[member], length);
      }
    });
  });
  return kSuccess;
}

Result ncclBroadcast(const void* src, void* dst, size_t count, int type, int root, Comm comm,
                     cudaStream_t stream) {
  emulator::enqueue(stream, [=] {
    comm->exchange(src, count * size_of(type), [&](size_t offset, size_t length) {
      std::memcpy(static_cast<char*>(dst) + offset, comm->shared->parts[root], length);
    });
  });
  return kSuccess;
}

}  // extern "C"
