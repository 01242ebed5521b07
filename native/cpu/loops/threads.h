// Teams of threads that share the work of a kernel: OpenMP's (native/cpu/openmp), or a pool of our own where
// there is none (native/cpu/pool). Loops divide their tasks here, so both give a thread the same ones.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

namespace iabn {

// Of a team: the first number in OMP_NUM_THREADS, or the CPUs that this process may use.
int most_threads();

namespace threads {

struct Member {
  int thread, threads;  // its place in the team, from 0, and the team's size
};

// Calls call(body, member) on each thread of a team, of which the caller is the first; returns once all have.
// The team is of `threads`, or of fewer where the system has no more. A team within a team has one thread.
void run(int threads, void (*call)(const void* body, Member member), const void* body);

// Waits for all threads of the team that this thread works in, which has several.
void wait();

// The first exception of a team.
class Failure {
 public:
  template <class Call>
  void guard(const Call& call) noexcept {
    try {
      call();
    } catch (...) {
      if (!kept_.test_and_set()) first_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::atomic_flag kept_ = ATOMIC_FLAG_INIT;
  std::exception_ptr first_;
};

struct Shared {
  alignas(64) std::atomic<int64_t> next[2] = {};  // tasks, of two loops in turn
  Failure failure;
};

}  // namespace threads

// A team as one of its threads sees it. All threads must reach the same loops in the same order. A loop
// begins once the whole team is done with the loop before it; what is outside of loops waits for nobody.
class Team {
 public:
  Team(threads::Shared& shared, threads::Member member) : shared_(shared), member_(member) {}

  int thread() const { return member_.thread; }
  int threads() const { return member_.threads; }

  // Calls body(), which may throw.
  template <class Body>
  void guard(const Body& body) {
    shared_.failure.guard(body);
  }

  // Calls body(task) for each task in [0, tasks). A thread has consecutive ones, as many as the others; the
  // first threads have one more where they do not divide evenly.
  template <class Body>
  void divide(int64_t tasks, const Body& body) {
    begin_loop();
    const int64_t least = tasks / threads(), more = tasks % threads();
    const int64_t begin = least * thread() + std::min<int64_t>(thread(), more);
    const int64_t end = begin + least + (thread() < more ? 1 : 0);
    shared_.failure.guard([&] {
      for (int64_t task = begin; task < end; ++task) body(task);
    });
  }

  // Calls body(task) for each task in [0, tasks), which threads take in order as they become free.
  template <class Body>
  void take(int64_t tasks, const Body& body) {
    begin_loop();
    std::atomic<int64_t>& next = shared_.next[taken_];
    taken_ = 1 - taken_;
    // All are done with the loop before, and none can begin the one after.
    if (thread() == 0) shared_.next[taken_].store(0, std::memory_order_relaxed);
    shared_.failure.guard([&] {
      for (int64_t task = 0; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) body(task);
    });
  }

 private:
  void begin_loop() {
    if (looped_ && threads() > 1) threads::wait();
    looped_ = true;
  }

  threads::Shared& shared_;
  threads::Member member_;
  int taken_ = 0;
  bool looped_ = false;
};

// Calls body(team) on each thread of a team. Throws the first exception that left a loop, after all threads
// are done; outside of loops nothing may be thrown.
template <class Body>
void parallel(int threads, const Body& body) {
  threads::Shared shared;
  const auto work = [&](threads::Member member) noexcept {
    Team team(shared, member);
    body(team);
  };
  using Work = decltype(work);
  threads::run(
      threads, [](const void* each, threads::Member member) { (*static_cast<const Work*>(each))(member); },
      &work);
  shared.failure.rethrow();
}

// A team for one loop: calls body(task, thread) for each task in [0, tasks).
template <class Body>
void parallel_divide(int threads, int64_t tasks, const Body& body) {
  parallel(threads, [&](Team& team) {
    const int thread = team.thread();
    team.divide(tasks, [&, thread](int64_t task) { body(task, thread); });
  });
}
template <class Body>
void parallel_take(int threads, int64_t tasks, const Body& body) {
  parallel(threads, [&](Team& team) {
    const int thread = team.thread();
    team.take(tasks, [&, thread](int64_t task) { body(task, thread); });
  });
}

}  // namespace iabn
