// Verdict: from what happens to the members of a job, decides when it must be stopped, and what to
// say of it in the end. Pure: it does nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "launcher/job_dir.h"
#include "launcher/launch_plan.h"

namespace lockstep {

// Who ended, or could not be started.
struct MemberName {
  int rank = -1;  // -1: an init command or a sidecar
  std::string role;
  std::string command;
  pid_t pid = -1;
  std::string sidecar = {};  // its name; empty: none
};

class Verdict {
 public:
  // `first_role_ranks`: of the plan's first role; they are numbered from 0 on.
  Verdict(SuccessRule rule, std::string host, int first_role_ranks = 1)
      : rule_(rule), host_(std::move(host)), first_role_left_(first_role_ranks) {}

  // Of ranks and init commands: sidecars decide nothing once they have started.
  // Only the first event that decides counts: what ranks do after that, they do because we stop
  // them, or because they lost a peer.
  void OnExit(const MemberName& member, int wait_status, std::vector<std::string> last_lines);
  void OnStartFailure(const MemberName& member, int exit_code, const std::string& why);
  void OnSignal(int signal_number);
  void OnDeadline(std::chrono::milliseconds deadline, const std::vector<int>& running_ranks);
  void OnLauncherFailure(const std::string& why);

  // True: whatever still runs must be stopped.
  bool decided() const { return decided_; }
  // Without times.
  ExitRecord Record() const;

 private:
  bool SucceedsBy(const MemberName& member);
  void Fail(ExitCause cause, int exit_code, const MemberName& member, std::string message);

  SuccessRule rule_;
  std::string host_;
  int first_role_left_;  // ranks of it that have not ended well
  int first_role_end_ = first_role_left_;
  bool decided_ = false;
  std::optional<FailureRecord> failure_;
};

// "exited with code 3".
std::string WhatHappened(int wait_status);
// "9 (SIGKILL)".
std::string SignalText(int signal_number);
// "30s", "1m 30s", "250ms".
std::string DurationText(std::chrono::milliseconds duration);

}  // namespace lockstep
