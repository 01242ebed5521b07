// The single thread that runs all kernels, because OpenMP keeps a team of workers per calling thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace iabn {

class ComputeThread {
 public:
  ComputeThread();
  ~ComputeThread();  // finishes what is queued

  void post(std::function<void()> task);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace iabn
