#include "launcher/verdict.h"

#include <sys/wait.h>

#include <cstring>

#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

std::string Describe(const MemberName& member, const std::string& host) {
  const std::string where = "pid " + std::to_string(member.pid) + " on host " + host;
  if (member.rank >= 0) {
    return "rank " + std::to_string(member.rank) + " (" + member.role + ", " + where + ")";
  }
  return "init command '" + member.command + "' (" + member.role + ", " + where + ")";
}

ExitCause CauseOf(int wait_status) {
  if (WIFSIGNALED(wait_status)) return ExitCause::kSignal;
  if (WEXITSTATUS(wait_status) == kExitRestartMe) return ExitCause::kRestartMe;
  return ExitCause::kUserError;
}

std::string Who(const MemberName& member) {
  if (!member.sidecar.empty()) return "sidecar '" + member.sidecar + "'";
  if (member.rank >= 0) return "rank " + std::to_string(member.rank);
  return "an init command";
}

}  // namespace

std::string WhatHappened(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return "was killed by signal " + SignalText(WTERMSIG(wait_status)) +
           (WCOREDUMP(wait_status) ? ", core dumped" : "");
  }
  const int code = WEXITSTATUS(wait_status);
  if (code == kExitRestartMe) return "asked to be started again (exit code 75)";
  return "exited with code " + std::to_string(code);
}

std::string SignalText(int signal_number) {
  const char* name = sigabbrev_np(signal_number);
  const std::string number = std::to_string(signal_number);
  return name == nullptr ? number : number + " (SIG" + name + ")";
}

std::string DurationText(std::chrono::milliseconds duration) {
  struct Unit {
    std::int64_t milliseconds;
    const char* name;
  };
  std::string text;
  std::int64_t left = duration.count();
  for (const Unit unit :
       {Unit{3'600'000, "h"}, Unit{60'000, "m"}, Unit{1'000, "s"}, Unit{1, "ms"}}) {
    if (left < unit.milliseconds) continue;
    text += (text.empty() ? "" : " ") + std::to_string(left / unit.milliseconds) + unit.name;
    left %= unit.milliseconds;
  }
  return text.empty() ? "0s" : text;
}

void Verdict::Fail(ExitCause cause, int exit_code, const MemberName& member, std::string message) {
  if (decided_) return;
  decided_ = true;
  failure_.emplace();
  failure_->rank = member.rank;
  failure_->role = member.role;
  failure_->host = host_;
  failure_->cause = cause;
  failure_->exit_code = exit_code;
  failure_->message = std::move(message);
}

// `member` has ended well. All ranks need no decision: nothing is left to be stopped.
bool Verdict::SucceedsBy(const MemberName& member) {
  if (member.rank < 0) return false;
  switch (rule_) {
    case SuccessRule::kAllRanks: return false;
    case SuccessRule::kRank0: return member.rank == 0;
    case SuccessRule::kFirstRole: return member.rank < first_role_end_ && --first_role_left_ == 0;
    case SuccessRule::kAnyRank: return true;
  }
  return false;
}

void Verdict::OnExit(const MemberName& member, int wait_status,
                     std::vector<std::string> last_lines) {
  if (decided_) return;
  const int code = ExitCodeOfWaitStatus(wait_status);
  if (code == 0) {
    decided_ = SucceedsBy(member);
    return;
  }
  Fail(CauseOf(wait_status), code, member,
       Describe(member, host_) + " " + WhatHappened(wait_status));
  if (WIFSIGNALED(wait_status)) failure_->signal = WTERMSIG(wait_status);
  failure_->last_lines = std::move(last_lines);
}

void Verdict::OnStartFailure(const MemberName& member, int exit_code, const std::string& why) {
  Fail(ExitCause::kStartFailed, exit_code, member,
       Who(member) + " (" + member.role + ") could not be started: " + why);
}

void Verdict::OnSignal(int signal_number) {
  Fail(ExitCause::kStopped, kExitSignalBase + signal_number, {},
       "the launcher was told to stop by signal " + SignalText(signal_number));
}

void Verdict::OnDeadline(std::chrono::milliseconds deadline,
                         const std::vector<int>& running_ranks) {
  std::string ranks;
  for (const int rank : running_ranks) {
    ranks += (ranks.empty() ? "" : ", ") + std::to_string(rank);
  }
  Fail(ExitCause::kDeadline, kExitDeadline, {},
       "the run did not end within " + DurationText(deadline) +
           (ranks.empty() ? "" : "; still running: rank " + ranks));
}

void Verdict::OnLauncherFailure(const std::string& why) {
  Fail(ExitCause::kLauncherLost, kExitLauncherFailed, {}, "the launcher failed: " + why);
}

ExitRecord Verdict::Record() const {
  ExitRecord record;
  record.failure = failure_;
  if (failure_) {
    record.cause = failure_->cause;
    record.exit_code = failure_->exit_code;
  }
  return record;
}

}  // namespace lockstep
