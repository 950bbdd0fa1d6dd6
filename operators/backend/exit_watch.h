// ExitWatch: tells when the launchers of jobs have ended, from one thread that sleeps until one
// does.
//
// Thread safety: all methods from any thread; Tell not from inside the callback.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "launcher/unique_fd.h"
#include "operators/backend/job_backend.h"

namespace lockstep {

class ExitWatch {
 public:
  ExitWatch();
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

  // Whom to tell; none: nobody. Once it has returned, the one before is not running and is never
  // called again.
  void Tell(std::function<void(const JobId&)> on_end);
  // Tells once that `process` (a pidfd) has ended, also when it has already. False: it cannot be
  // watched (no descriptors left), so it must be polled.
  bool Add(const JobId& id, UniqueFd process);
  bool Watches(const JobId& id) const;

 private:
  struct Watched {
    JobId id;
    UniqueFd process;
  };
  using Name = std::pair<std::string, int>;  // uid, generation
  void Run();
  void Ended(std::uint64_t token);

  const UniqueFd epoll_;
  const UniqueFd stop_;  // an eventfd
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Watched> watched_;  // guarded by mutex_, as the next two
  std::set<Name> names_;
  std::uint64_t last_token_ = 0;
  std::mutex telling_;                         // held while on_end_ runs
  std::function<void(const JobId&)> on_end_;  // guarded by telling_
  std::thread thread_;
};

}  // namespace lockstep
