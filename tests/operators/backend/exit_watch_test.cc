#include "operators/backend/exit_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <vector>

namespace lockstep {
namespace {

using testing::ElementsAre;

// A process that ends when it is told to.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ == 0) {
      while (true) pause();
    }
    process_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  }
  ~Child() { End(); }
  void End() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // A descriptor of its own for each who asks, as processes that are being started hold one.
  UniqueFd Descriptor() const { return UniqueFd(dup(process_.get())); }

 private:
  pid_t pid_;
  UniqueFd process_;
};

class Told {
 public:
  std::function<void(const JobId&)> Collect() {
    return [this](const JobId& id) {
      const std::lock_guard lock(mutex_);
      names_.push_back(id.name);
      changed_.notify_all();
    };
  }
  std::vector<std::string> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::minutes(1), [&] { return names_.size() >= count; });
    return names_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> names_;
};

JobId Named(const std::string& name) { return {"default", name, "uid-of-" + name, 0}; }

TEST(ExitWatch, TellsOfEachProcessThatEndsOnce) {
  Told told;
  ExitWatch watch;
  watch.Tell(told.Collect());
  Child first, second;
  ASSERT_TRUE(watch.Add(Named("first"), first.Descriptor()));
  ASSERT_TRUE(watch.Add(Named("first"), first.Descriptor()));
  ASSERT_TRUE(watch.Add(Named("second"), second.Descriptor()));
  EXPECT_TRUE(watch.Watches(Named("second")));
  first.End();
  EXPECT_THAT(told.Await(1), ElementsAre("first"));
  EXPECT_FALSE(watch.Watches(Named("first")));
  second.End();
  EXPECT_THAT(told.Await(2), ElementsAre("first", "second"));
}

TEST(ExitWatch, TellsOfOneThatHasEndedBefore) {
  Told told;
  ExitWatch watch;
  watch.Tell(told.Collect());
  Child child;
  UniqueFd process = child.Descriptor();
  child.End();
  ASSERT_TRUE(watch.Add(Named("gone"), std::move(process)));
  EXPECT_THAT(told.Await(1), ElementsAre("gone"));
}

TEST(ExitWatch, TellsNobodyWhoIsNotListeningAnyMore) {
  Told before, after;
  ExitWatch watch;
  watch.Tell(before.Collect());
  watch.Tell({});
  Child unheard;
  ASSERT_TRUE(watch.Add(Named("unheard"), unheard.Descriptor()));
  unheard.End();
  while (watch.Watches(Named("unheard"))) std::this_thread::yield();
  watch.Tell({});  // whoever was being told has been
  watch.Tell(after.Collect());
  Child heard;
  ASSERT_TRUE(watch.Add(Named("heard"), heard.Descriptor()));
  heard.End();
  EXPECT_THAT(after.Await(1), ElementsAre("heard"));
  EXPECT_THAT(before.Await(0), ElementsAre());
}

TEST(ExitWatch, SaysThatItCannotWatchWhatIsNoProcess) {
  ExitWatch watch;
  EXPECT_FALSE(watch.Add(Named("none"), UniqueFd()));
}

}  // namespace
}  // namespace lockstep
