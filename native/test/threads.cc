// Checks teams of threads (cpu/loops/threads.h), and prints how they divide tasks. Linked with the
// implementation in native/cpu/openmp or in native/cpu/pool. Arguments add checks of what only the pool
// guarantees: `callers`, its threads end with their caller; `fork`, it works in a forked process.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cpu/loops/parallel.h"

namespace {

using namespace iabn;

constexpr int kMostThreads = 8;
constexpr int64_t kLooks = 1000000;

void expect(bool held, const std::string& what) {
  if (held) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::_Exit(1);
}

// The thread of each task.
std::vector<int> owners(int threads, int64_t tasks) {
  std::vector<int> owners(static_cast<size_t>(tasks), -1);
  parallel_divide(threads, tasks, [&](int64_t task, int thread) {
    int& owner = owners[static_cast<size_t>(task)];
    expect(owner == -1, "a task is divided twice");
    owner = thread;
  });
  return owners;
}

void print_division() {
  for (const int64_t tasks : {0, 1, 2, 7, 64, 101}) {
    for (int threads = 1; threads <= kMostThreads; ++threads) {
      std::printf("%d threads, %d tasks:", threads, static_cast<int>(tasks));
      for (const int owner : owners(threads, tasks)) std::printf(" %d", owner);
      std::printf("\n");
    }
  }
}

// Each loop reads what other threads wrote in the previous one.
void check_order(int threads) {
  constexpr int64_t kTasks = 37;
  constexpr int kLoops = 200;
  std::vector<int64_t> ring(kTasks, 0), next(kTasks, 0);
  parallel(threads, [&](Team& team) {
    for (int i = 0; i < kLoops; ++i) {
      const auto add = [&](int64_t task) {
        next[static_cast<size_t>(task)] = ring[static_cast<size_t>((task + 1) % kTasks)] + 1;
      };
      if (i % 3 == 0) {
        team.divide(kTasks, add);
      } else {
        team.take(kTasks, add);
      }
      team.take(kTasks,
                [&](int64_t task) { ring[static_cast<size_t>(task)] = next[static_cast<size_t>(task)]; });
    }
  });
  for (const int64_t value : ring) expect(value == kLoops, "a loop began before the one before it ended");
}

// Each thread throws in turn; afterwards the team still works.
void check_exceptions(int threads) {
  for (int at = 0; at < threads; ++at) {
    std::string caught;
    try {
      parallel(threads, [&](Team& team) {
        team.divide(threads, [&](int64_t task) {
          if (task == at) throw std::runtime_error("thrown by task " + std::to_string(task));
        });
        team.take(threads, [](int64_t) {});
      });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    expect(caught == "thrown by task " + std::to_string(at), "an exception is lost: " + caught);
  }
  bool failed = false;
  try {
    parallel_range(kParallelElements, 1, 1, [](int64_t, int64_t) { throw std::bad_alloc(); });
  } catch (const std::bad_alloc&) {
    failed = true;
  }
  expect(failed, "an exception of a range is lost");
  check_order(threads);
}

void check_nested(int threads) {
  std::vector<int> sizes(static_cast<size_t>(threads), 0);
  parallel_divide(threads, threads, [&](int64_t task, int) {
    parallel(threads, [&](Team& team) { sizes[static_cast<size_t>(task)] += team.threads(); });
  });
  for (const int size : sizes)
    expect(size == 1, "a team within a team has " + std::to_string(size) + " threads");
}

size_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// Several callers at a time, whose teams end with them.
void check_callers(bool alone) {
  const size_t before = threads_of_process();
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([] {
      for (int threads = kMostThreads; threads > 0; threads -= 3) check_order(threads);
    });
  }
  for (std::thread& caller : callers) caller.join();
  // The system may list a joined thread for a moment.
  for (int64_t looks = 0; alone && threads_of_process() != before; ++looks) {
    expect(looks < kLooks, "the threads of a pool outlive their caller");
    std::this_thread::yield();
  }
}

// The child process has none of the threads of the parent's team.
void check_fork() {
  std::fflush(stdout);  // or both print it
  const pid_t child = fork();
  if (child == 0) {
    check_order(4);
    std::exit(0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  expect(status == 0, "a forked process has no teams");
  check_order(4);
}

}  // namespace

int main(int count, char** arguments) {
  const std::set<std::string> asked(arguments + 1, arguments + count);
  expect(most_threads() >= 1, "there are no threads");
  print_division();
  for (int threads = 1; threads <= kMostThreads; ++threads) {
    check_order(threads);
    check_exceptions(threads);
    check_nested(threads);
  }
  check_callers(asked.count("callers") > 0);
  if (asked.count("fork") > 0) check_fork();
}
