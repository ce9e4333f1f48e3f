#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace sohu {
namespace {

/** Parts of one call, taken by whichever thread is free. */
struct Work {
  const std::function<void(int64_t)>& body;
  const int64_t parts;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};

  Work(const std::function<void(int64_t)>& body, int64_t parts) : body(body), parts(parts) {}

  /** True when this thread ran the last part that was open. */
  bool run() {
    bool last = false;
    for (int64_t part; (part = next.fetch_add(1)) < parts;) {
      body(part);
      last = done.fetch_add(1) + 1 == parts;
    }
    return last;
  }
};

/** Threads that live as long as the process: it may exit while they wait. */
class Pool {
 public:
  Pool() {
    const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 1; i < processors; i++) std::thread([this] { serve(); }).detach();
  }

  void run(int64_t parts, const std::function<void(int64_t)>& body) {
    const auto work = std::make_shared<Work>(body, parts);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = work;
      round_++;
    }
    ready_.notify_all();
    work->run();
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [&] { return work->done == work->parts; });
    work_.reset();
  }

 private:
  void serve() {
    for (uint64_t seen = 0;;) {
      std::shared_ptr<Work> work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        ready_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        work = work_;
      }
      if (work && work->run()) {
        std::lock_guard<std::mutex> lock(mutex_);
        finished_.notify_one();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable finished_;
  std::shared_ptr<Work> work_;
  uint64_t round_ = 0;
};

}  // namespace

void parallel(int64_t parts, const std::function<void(int64_t)>& body) {
  static Pool* const pool = new Pool();
  if (parts <= 1) {
    if (parts == 1) body(0);
    return;
  }
  pool->run(parts, body);
}

}  // namespace sohu
