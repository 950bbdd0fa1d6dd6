#include "launcher/lost_job.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "launcher/job_lock.h"
#include "launcher/podman_container.h"
#include "launcher/process_sweep.h"
#include "launcher/run_identity.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

// "": the lock holds none. It is not synced, so a power cut may leave it empty, and then nothing
// runs any more. A part of a tag would be found in the tags of others.
std::string TagIn(int lock) {
  struct stat state{};
  if (fstat(lock, &state) != 0 || state.st_uid != geteuid()) return "";  // no launcher of ours
  std::array<char, kTagBytes + 1> text{};
  const ssize_t n = pread(lock, text.data(), text.size(), 0);
  const std::string_view tag(text.data(), kTagBytes);
  const bool whole = n == static_cast<ssize_t>(text.size()) && text.back() == '\n' &&
                     tag.find_first_not_of("0123456789abcdef") == tag.npos;
  return whole ? std::string(tag) : "";
}

// Before the sweep, which finds their processes too, but of which podman would not know.
void EndContainers(const JobDir& dir, std::chrono::milliseconds bound) {
  const Result<std::string> text = dir.ReadPlan();
  const Result<LaunchPlan> plan =
      text.ok() ? DecodeLaunchPlan(*text, dir.plan_path()) : text.status();
  (void)RemoveContainers(dir, plan.ok() ? SearchPathOf(*plan) : "", bound);
}

std::string Message(const std::string& tag, std::size_t survivors) {
  const std::string killed = "the launcher and its guardian were killed";
  if (tag.empty()) {
    return killed +
           ", and the lock does not say by which tag its processes are known: look for "
           "what is left of them";
  }
  if (survivors == 0) return killed + "; what was left of its ranks was ended";
  return killed + ", and " + std::to_string(survivors) + " of its processes could not be killed";
}

// When it began: the lock is written once.
std::string StartOf(int lock) {
  struct stat state{};
  if (fstat(lock, &state) != 0) return "";
  return FormatTime(WallTime(std::chrono::seconds(state.st_mtim.tv_sec)) +
                    std::chrono::microseconds(state.st_mtim.tv_nsec / 1000));
}

}  // namespace

Status EndLostJob(const JobDir& dir, std::chrono::milliseconds bound) {
  LOCKSTEP_ASSIGN_OR_RETURN(const UniqueFd lock, TakeJobLock(dir));
  if (!lock.valid() || access(dir.exit_path().c_str(), F_OK) == 0) return OkStatus();
  const std::string tag = TagIn(lock.get());
  std::size_t survivors = 0;
  EndContainers(dir, bound);
  if (!tag.empty()) {
    SweepTarget target;
    target.tag = tag;
    survivors = SweepProcesses(target, bound).size();
  }
  ExitRecord record;
  record.exit_code = kExitLauncherFailed;
  record.cause = ExitCause::kLauncherLost;
  record.started_at = StartOf(lock.get());
  record.ended_at = FormatTime(SystemClock().Now());
  FailureRecord& failure = record.failure.emplace();
  failure.host = HostName();
  failure.cause = record.cause;
  failure.exit_code = record.exit_code;
  failure.message = Message(tag, survivors);
  return dir.WriteExit(record);
}

}  // namespace lockstep
