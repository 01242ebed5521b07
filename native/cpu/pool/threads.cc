// Teams of std::thread. A thread that runs kernels has a pool of its own, as it has with OpenMP.
#include "cpu/loops/threads.h"

#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>

#include "cpu/pool/crew.h"
#include "platform/platform.h"

namespace iabn {
namespace {

// That this process may use.
int processors() {
  static const int count = platform::processors();
  return count;
}

// The workers of a thread, which end with it.
class Pool {
 public:
  ~Pool() {
    crew_.end();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(int threads, pool::Call* call, const void* body);
  void wait() { crew_.wait(); }
  // Ends without waiting for the workers.
  void leave() {
    crew_.end();
    for (std::thread& thread : threads_) thread.detach();
  }

 private:
  // Returns the size of a team of at most `threads`.
  int grow(int threads);

  pool::Crew crew_;
  std::vector<std::thread> threads_;
};

// Whose team this thread works in.
thread_local Pool* working_in = nullptr;

void Pool::run(int threads, pool::Call* call, const void* body) {
  const int size = grow(threads);
  working_in = this;
  crew_.run(size, size > processors() ? pool::kFewLooks : pool::kLooks, call, body);
  working_in = nullptr;
}

int Pool::grow(int threads) {
  threads_.reserve(static_cast<size_t>(threads));
  while (crew_.size() + 1 < threads) {
    crew_.add();
    try {
      threads_.emplace_back([this, &begun = crew_.begun(crew_.size()), thread = crew_.size()] {
        working_in = this;
        crew_.serve(begun, thread);
      });
    } catch (const std::exception&) {
      // The system has no thread left, or no memory for one: those that there are do the work.
      crew_.remove_last();
      break;
    }
  }
  return std::min(threads, crew_.size() + 1);
}

// Counts forks. A forked process has none of the threads of its parent.
std::atomic<unsigned> forks{0};

// The pool of a thread.
class Own {
 public:
  ~Own() {
    forget_forked();
    if (!pool_) return;
    const auto parting = platform::parting_from_threads();
    if (parting == platform::Parting::join) return;
    // Its threads may still look at it.
    Pool* const left = pool_.release();
    if (parting == platform::Parting::leave) left->leave();
  }

  Pool& get() {
    forget_forked();
    if (!pool_) {
      static std::once_flag followed;
      std::call_once(followed, [] { platform::at_fork([] { forks.fetch_add(1); }); });
      forks_ = forks.load();
      pool_ = std::make_unique<Pool>();
    }
    return *pool_;
  }

 private:
  // There is nobody to wait for.
  void forget_forked() {
    if (pool_ && forks_ != forks.load()) static_cast<void>(pool_.release());
  }

  unsigned forks_ = 0;
  std::unique_ptr<Pool> pool_;
};

thread_local Own own;

}  // namespace

int most_threads() {
  static const int most = [] {
    const auto asked = platform::variable("OMP_NUM_THREADS");
    const long number = asked ? std::strtol(asked->c_str(), nullptr, 10) : 0;
    return number >= 1 ? static_cast<int>(std::min(number, 4096l)) : processors();
  }();
  return most;
}

namespace threads {

void run(int threads, void (*call)(const void* body, Member member), const void* body) {
  if (threads <= 1 || working_in != nullptr) return call(body, {0, 1});
  own.get().run(threads, call, body);
}

void wait() { working_in->wait(); }

}  // namespace threads
}  // namespace iabn
