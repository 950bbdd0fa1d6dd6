#include "operators/backend/exit_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace lockstep {
namespace {

constexpr std::uint64_t kStop = 0;  // no process has this token
constexpr int kEventsAtOnceMax = 64;

bool WatchReadable(int epoll, int fd, std::uint64_t token) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = token;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

ExitWatch::ExitWatch() : epoll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)) {
  // Without them every Add says that it cannot, and jobs are polled.
  if (!epoll_.valid() || !stop_.valid() || !WatchReadable(epoll_.get(), stop_.get(), kStop)) return;
  thread_ = std::thread([this] { Run(); });
}

ExitWatch::~ExitWatch() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  (void)!write(stop_.get(), &one, sizeof(one));
  thread_.join();
}

void ExitWatch::Tell(std::function<void(const JobId&)> on_end) {
  const std::lock_guard lock(telling_);
  on_end_ = std::move(on_end);
}

bool ExitWatch::Add(const JobId& id, UniqueFd process) {
  if (!thread_.joinable() || !process.valid()) return false;
  const std::lock_guard lock(mutex_);
  if (!names_.emplace(id.uid, id.generation).second) return true;
  const std::uint64_t token = ++last_token_;
  if (!WatchReadable(epoll_.get(), process.get(), token)) {
    names_.erase({id.uid, id.generation});
    return false;
  }
  watched_.emplace(token, Watched{id, std::move(process)});
  return true;
}

bool ExitWatch::Watches(const JobId& id) const {
  const std::lock_guard lock(mutex_);
  return names_.contains({id.uid, id.generation});
}

void ExitWatch::Run() {
  while (true) {
    std::array<epoll_event, kEventsAtOnceMax> events;
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsAtOnceMax, -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t token = events[static_cast<std::size_t>(i)].data.u64;
      if (token == kStop) return;
      Ended(token);
    }
  }
}

void ExitWatch::Ended(std::uint64_t token) {
  JobId id;
  {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(token);
    id = found->second.id;
    names_.erase({id.uid, id.generation});
    // To close it would not do: a process that is being started may hold a copy of it.
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.process.get(), nullptr);
    watched_.erase(found);
  }
  const std::lock_guard lock(telling_);
  if (on_end_) on_end_(id);
}

}  // namespace lockstep
