#include "launcher/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "launcher/guardian.h"
#include "launcher/member_table.h"
#include "launcher/podman_container.h"
#include "launcher/process_sweep.h"
#include "launcher/rank_programs.h"
#include "launcher/rank_tokens.h"
#include "launcher/role_tally.h"
#include "launcher/run_identity.h"
#include "launcher/sidecar_end.h"
#include "launcher/signal_watch.h"
#include "launcher/terminal.h"
#include "launcher/verdict.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kKillBound{10};    // from SIGKILL to the end of a process
constexpr std::chrono::seconds kReaderBound{10};  // a reader of our output that takes nothing

class Supervisor {
 public:
  Supervisor(const LaunchPlan& plan, const RunIdentity& run, PortLeases* leases,
             const GuardedJob& job, SignalWatch* signals, Terminal* terminal, Guardian* guardian,
             OutputMux* output, MemberTable* members)
      : plan_(plan),
        dir_(job.dir),
        tag_(run.tag),
        programs_(plan, run, leases),
        signals_(signals),
        terminal_(terminal),
        guardian_(guardian),
        output_(output),
        members_(members),
        verdict_(plan.success, job.host, plan.roles.front().ranks),
        tally_(plan) {
    if (plan.deadline.count() > 0) deadline_ = steady_clock::now() + plan.deadline;
  }

  // To the end of the last process.
  ExitRecord Run();

 private:
  void RunInit(const LaunchRole& role, int first_rank);
  void StartRanks();
  void StartInit(const LaunchRole& role, const LaunchInit& init, int rank);
  pid_t StartMember(MemberName name, const Result<Program>& program, const std::string& way_out);
  void FailStart(const MemberName& name, const StartFailure& failure, const std::string& way_out);
  void TellNotes();
  void AwaitMembers();
  void EndSidecars();
  void TakeExits();
  void CountExit(const MemberExit& exit);
  void PollOnce();
  void HandleSignals();
  void HandleTime();
  void BeginStop();
  void Kill();
  void ReapStrays();
  std::vector<pid_t> EndStrays();
  milliseconds TimeLeft() const;

  const LaunchPlan& plan_;
  const JobDir dir_;
  const std::string tag_;
  RankPrograms programs_;
  SignalWatch* signals_;
  Terminal* terminal_;
  Guardian* guardian_;
  OutputMux* output_;
  MemberTable* members_;
  Verdict verdict_;
  RoleTally tally_;
  SidecarEnd sidecars_;

  steady_clock::time_point deadline_ = steady_clock::time_point::max();
  steady_clock::time_point kill_at_ = steady_clock::time_point::max();
  steady_clock::time_point give_up_at_ = steady_clock::time_point::max();
  bool stopping_ = false;
  bool ending_ = false;  // the ranks are gone, only sidecars run
  bool strays_to_reap_ = false;
};

ExitRecord Supervisor::Run() {
  if (const Status ready = programs_.Prepare(); !ready.ok()) {
    verdict_.OnStartFailure({0, plan_.roles.front().name, {}}, kExitLauncherFailed,
                            ready.message());
  }
  TellNotes();
  int first_rank = 0;
  for (const LaunchRole& role : plan_.roles) {
    RunInit(role, first_rank);
    first_rank += role.ranks;
  }
  StartRanks();
  AwaitMembers();
  EndSidecars();
  const std::vector<pid_t> left = EndStrays();
  members_->FinishOutput();
  ExitRecord record = verdict_.Record();
  if (!left.empty() && record.failure) {
    record.failure->message +=
        "; " + std::to_string(left.size()) + " processes could not be killed";
  }
  if (plan_.world_size() > 1) record.roles = tally_.counts();
  for (RoleCount& role : record.roles) role.active = 0;  // those that were never started
  return record;
}

// Whatever left its rank's process group, or outlived its rank, ends with the job. Returns what
// does not.
std::vector<pid_t> Supervisor::EndStrays() {
  if (const Status removed = RemoveContainers(dir_, SearchPathOf(plan_), kKillBound);
      !removed.ok()) {
    output_->Note("containers of the job may be left: " + removed.message());
  }
  ReapStrays();
  if (!HasChildrenBut({guardian_->pid()})) return {};
  SweepTarget target;
  target.tag = tag_;
  target.parent = getpid();
  target.spare = {guardian_->pid()};
  target.since = StartTicks(guardian_->pid());
  std::vector<pid_t> left = SweepProcesses(target, kKillBound);
  ReapStrays();
  return left;
}

// A volume of the rank's own is to be filled for each rank, and what is told its place is meant for
// each.
bool IsForEachRank(const LaunchInit& init) {
  if (init.sidecar || init.every_rank) return init.every_rank;
  return HasTokens(init.working_dir) || std::ranges::any_of(init.command, HasTokens) ||
         std::ranges::any_of(init.env, [](const auto& env) { return HasTokens(env.second); }) ||
         std::ranges::any_of(
             init.mounts, [](const LaunchMount& mount) { return !mount.source.starts_with('/'); });
}

void Supervisor::RunInit(const LaunchRole& role, int first_rank) {
  for (const LaunchInit& init : role.init) {
    const int times = IsForEachRank(init) ? role.ranks : 1;
    for (int i = 0; i < times && !verdict_.decided(); ++i) {
      StartInit(role, init, first_rank + i);
      AwaitMembers();
    }
  }
}

// Where the program is missing of an image that it runs without, or podman.
std::string WayOut(const std::string& image, bool container) {
  if (container) {
    return "; install podman, or leave out --runtime podman (runtime: in config.yaml)";
  }
  if (image.empty()) return "";
  return "; image " + image + " is not pulled: install the program, or give --image-map " + image +
         "=DIR (its root file system) or --runtime podman";
}

void Supervisor::StartInit(const LaunchRole& role, const LaunchInit& init, int rank) {
  MemberName name{-1, role.name, init.command[0]};
  if (init.sidecar) name.sidecar = init.name;
  if (init.sidecar && init.every_rank) name.sidecar += "-rank-" + std::to_string(rank);
  const pid_t pid = StartMember(std::move(name), programs_.Beside(role, init, rank),
                                WayOut(init.image, init.container));
  if (init.sidecar && pid > 0) sidecars_.Add(pid, init.linger);
}

void Supervisor::StartRanks() {
  for (int rank = 0; rank < plan_.world_size() && !verdict_.decided(); ++rank) {
    const LaunchRole& role = *PlaceOfRank(plan_, rank).role;
    StartMember({rank, role.name, role.command[0]}, programs_.OfRank(rank),
                WayOut(role.image, role.container));
  }
}

// -1: it did not start. `way_out`: what to do where there is no such program.
pid_t Supervisor::StartMember(MemberName name, const Result<Program>& program,
                              const std::string& way_out) {
  TellNotes();
  if (!program.ok()) {
    FailStart(name, {kExitNotExecutable, program.status().message()}, "");
    return -1;
  }
  const Result<std::optional<StartFailure>> failure = members_->Start(&name, *program);
  if (!failure.ok()) {
    verdict_.OnLauncherFailure(failure.status().message());
  } else if (failure->has_value()) {
    FailStart(name, **failure, way_out);
  }
  return name.pid;
}

void Supervisor::FailStart(const MemberName& name, const StartFailure& failure,
                           const std::string& way_out) {
  const bool is_missing = failure.exit_code == kExitProgramNotFound;
  verdict_.OnStartFailure(name, failure.exit_code,
                          failure.message + (is_missing ? way_out : std::string()));
  tally_.OnExit({name.rank, failure.exit_code, false});
}

void Supervisor::TellNotes() {
  for (const std::string& note : programs_.TakeNotes()) output_->Note(note);
}

void Supervisor::AwaitMembers() {
  while (members_->running() > 0 && steady_clock::now() < give_up_at_) PollOnce();
}

void Supervisor::EndSidecars() {
  ending_ = true;
  kill_at_ = give_up_at_ = steady_clock::time_point::max();
  sidecars_.RanksEnded(steady_clock::now(), plan_.grace);
  while (members_->sidecars() > 0 && steady_clock::now() < give_up_at_) PollOnce();
}

milliseconds Supervisor::TimeLeft() const {
  const auto next = std::min({stopping_ || ending_ ? steady_clock::time_point::max() : deadline_,
                              kill_at_, give_up_at_, sidecars_.Next()});
  if (next == steady_clock::time_point::max()) return milliseconds(-1);
  const auto left = std::chrono::ceil<milliseconds>(next - steady_clock::now());
  return std::clamp(left, milliseconds(0), milliseconds(std::chrono::hours(1)));
}

void Supervisor::PollOnce() {
  if (verdict_.decided() && !stopping_ && !ending_) BeginStop();
  std::vector<pollfd> fds = {{signals_->fd(), POLLIN, 0}};
  const bool read_output = !terminal_->full();
  members_->AddDescriptors(read_output, &fds);
  for (const Stream stream : {Stream::kOut, Stream::kErr}) {
    if (const int fd = terminal_->waiting_fd(stream); fd >= 0) fds.push_back({fd, POLLOUT, 0});
  }
  poll(fds.data(), fds.size(), static_cast<int>(TimeLeft().count()));
  terminal_->Flush();
  if (read_output) members_->ReadOutput();
  TakeExits();
  HandleSignals();
  if (strays_to_reap_) ReapStrays();
  HandleTime();
}

void Supervisor::TakeExits() {
  for (MemberExit& exit : members_->TakeExits()) {
    CountExit(exit);
    if (exit.name.sidecar.empty()) {
      verdict_.OnExit(exit.name, exit.wait_status, std::move(exit.last_lines));
    } else if (!ending_) {
      output_->Note("sidecar '" + exit.name.sidecar + "' " + WhatHappened(exit.wait_status) +
                    " before the ranks; it is not started again");
    }
  }
}

// What a job of many ranks has come to is for others to see while it runs.
void Supervisor::CountExit(const MemberExit& exit) {
  if (exit.name.rank < 0) return;
  const RankExit ended{exit.name.rank, ExitCodeOfWaitStatus(exit.wait_status), stopping_};
  tally_.OnExit(ended);
  if (tally_.active() == 0) return;
  if (const Status written = dir_.AppendRankExit(ended); !written.ok()) {
    output_->Note("the end of rank " + std::to_string(ended.rank) +
                  " could not be written down: " + written.message());
  }
}

void Supervisor::HandleSignals() {
  while (const int number = signals_->Next()) {
    if (number == SIGCHLD) {
      strays_to_reap_ = true;
    } else if (ending_) {
      // The ranks have ended as they have: no signal changes that any more.
      if (stopping_ && number == SIGINT) {
        sidecars_.KillAll(steady_clock::now());
      } else {
        sidecars_.Hurry(steady_clock::now());
      }
      stopping_ = true;
    } else if (stopping_ && number == SIGINT) {
      Kill();
    } else {
      verdict_.OnSignal(number);
      if (!stopping_) BeginStop();
    }
  }
}

void Supervisor::HandleTime() {
  const auto now = steady_clock::now();
  for (const SidecarEnd::Due& due : sidecars_.TakeDue(now)) {
    members_->SignalOne(due.pid, due.signal_number);
    if (due.signal_number == SIGTERM) members_->SignalOne(due.pid, SIGCONT);
    // The last that is done to any of them.
    if (sidecars_.Next() == steady_clock::time_point::max()) give_up_at_ = now + kKillBound;
  }
  if (ending_) return;
  if (now >= deadline_ && !verdict_.decided()) {
    verdict_.OnDeadline(plan_.deadline, members_->RunningRanks());
  }
  if (now >= kill_at_) Kill();
}

void Supervisor::BeginStop() {
  stopping_ = true;
  kill_at_ = steady_clock::now() + plan_.grace;
  members_->Signal(SIGTERM);
  members_->Signal(SIGCONT);  // one that is stopped must run to hear it
}

void Supervisor::Kill() {
  kill_at_ = steady_clock::time_point::max();
  give_up_at_ = std::min(give_up_at_, steady_clock::now() + kKillBound);
  members_->Signal(SIGKILL);
}

// Processes that lost their parent are ours (PR_SET_CHILD_SUBREAPER), and their exits ours to take.
void Supervisor::ReapStrays() {
  while (true) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
    if (members_->IsRunning(info.si_pid)) return;  // TakeExits comes first, then we go on
    waitpid(info.si_pid, nullptr, 0);
    if (info.si_pid == guardian_->pid()) {
      guardian_->MarkDead();
      verdict_.OnLauncherFailure("its guardian process (pid " + std::to_string(info.si_pid) +
                                 ") was killed");
    }
  }
  strays_to_reap_ = false;
}

// A descriptor 0, 1 or 2 that is closed would become some pipe of ours, and be written to.
void EnsureStandardDescriptors() {
  for (int fd = 0; fd < 3; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
  }
}

Result<JobDir> ChooseJobDir(const LaunchPlan& plan) {
  std::string path = plan.job_dir;
  if (path.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(path, NewRunDir(OwnEnvironment(), SystemClock().Now(), getpid()));
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return ErrnoStatus("find the job directory " + path, error.value());
  return JobDir(absolute.string());
}

std::string Now() { return FormatTime(SystemClock().Now()); }

}  // namespace

Result<ExitRecord> Supervise(const LaunchPlan& plan) {
  LOCKSTEP_RETURN_IF_ERROR(CheckLaunchPlan(plan));
  EnsureStandardDescriptors();
  LOCKSTEP_ASSIGN_OR_RETURN(const JobDir dir, ChooseJobDir(plan));
  PortLeases leases = PortLeases::Open();
  LOCKSTEP_ASSIGN_OR_RETURN(
      const RunIdentity run,
      DrawRunIdentity(dir.path(), plan.rank_variables == RankVariables::kAll, &leases));
  LOCKSTEP_ASSIGN_OR_RETURN(PreparedLock lock, PrepareJobLock(dir, run.tag));
  LOCKSTEP_ASSIGN_OR_RETURN(SignalWatch signals, SignalWatch::Start());
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const GuardedJob job{dir, run.tag, HostName(), Now(), SearchPathOf(plan)};
  LOCKSTEP_ASSIGN_OR_RETURN(Guardian guardian, Guardian::Start(job, std::move(lock)));

  Terminal terminal(STDOUT_FILENO, STDERR_FILENO);
  Result<ExitRecord> record = [&]() -> Result<ExitRecord> {
    LOCKSTEP_RETURN_IF_ERROR(dir.WritePlan(EncodeLaunchPlan(plan)));
    LOCKSTEP_ASSIGN_OR_RETURN(OutputMux output,
                              OutputMux::Open(dir, plan.quiet ? nullptr : &terminal));
    LOCKSTEP_ASSIGN_OR_RETURN(MemberTable members, MemberTable::Open(&guardian, &output));
    Supervisor supervisor(plan, run, &leases, job, &signals, &terminal, &guardian, &output,
                          &members);
    return supervisor.Run();
  }();
  if (!record.ok()) {
    Verdict verdict(plan.success, job.host);
    verdict.OnLauncherFailure(record.status().message());
    ExitRecord failed = verdict.Record();
    failed.started_at = job.started_at;
    failed.ended_at = Now();
    (void)dir.WriteExit(failed);  // what failed first is what is told
  } else {
    record->started_at = job.started_at;
    record->ended_at = Now();
    if (const Status written = dir.WriteExit(*record); !written.ok()) record = written;
  }
  guardian.Dismiss();
  terminal.Drain(kReaderBound);
  if (record.ok() && record->cause == ExitCause::kLauncherLost) {
    return Internal(record->failure->message);
  }
  return record;
}

}  // namespace lockstep
