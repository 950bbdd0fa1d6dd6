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
#include "launcher/master_port.h"
#include "launcher/member_table.h"
#include "launcher/process_sweep.h"
#include "launcher/run_identity.h"
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
  Supervisor(const LaunchPlan& plan, RunIdentity run, std::string host, SignalWatch* signals,
             Terminal* terminal, Guardian* guardian, MemberTable* members)
      : plan_(plan),
        run_(std::move(run)),
        launcher_env_(OwnEnvironment()),
        signals_(signals),
        terminal_(terminal),
        guardian_(guardian),
        members_(members),
        verdict_(plan.success, std::move(host)) {
    if (plan.deadline.count() > 0) deadline_ = steady_clock::now() + plan.deadline;
  }

  // To the end of the last process.
  ExitRecord Run();

 private:
  void RunInitCommands();
  void StartRanks();
  void StartMember(MemberName name, int rank, const std::vector<std::string>& command);
  void AwaitMembers();
  void PollOnce();
  void HandleSignals();
  void HandleTime();
  void BeginStop();
  void Kill();
  void ReapStrays();
  std::vector<pid_t> EndStrays();
  milliseconds TimeLeft() const;

  const LaunchPlan& plan_;
  const RunIdentity run_;
  const Environment launcher_env_;
  SignalWatch* signals_;
  Terminal* terminal_;
  Guardian* guardian_;
  MemberTable* members_;
  Verdict verdict_;

  steady_clock::time_point deadline_ = steady_clock::time_point::max();
  steady_clock::time_point kill_at_ = steady_clock::time_point::max();
  steady_clock::time_point give_up_at_ = steady_clock::time_point::max();
  bool stopping_ = false;
  bool strays_to_reap_ = false;
};

ExitRecord Supervisor::Run() {
  if (const Status port = CheckMasterPort(plan_); !port.ok()) {
    verdict_.OnStartFailure({0, plan_.roles.front().name, {}}, kExitLauncherFailed, port.message());
  }
  RunInitCommands();
  StartRanks();
  AwaitMembers();
  const std::vector<pid_t> left = EndStrays();
  members_->FinishOutput();
  ExitRecord record = verdict_.Record();
  if (!left.empty() && record.failure) {
    record.failure->message +=
        "; " + std::to_string(left.size()) + " processes could not be killed";
  }
  return record;
}

// Whatever left its rank's process group, or outlived its rank, ends with the job. Returns what is
// left.
std::vector<pid_t> Supervisor::EndStrays() {
  ReapStrays();
  if (!HasChildrenBut({guardian_->pid()})) return {};
  SweepTarget target;
  target.tag = run_.tag;
  target.parent = getpid();
  target.spare = {guardian_->pid()};
  target.since = StartTicks(guardian_->pid());
  std::vector<pid_t> left = SweepProcesses(target, kKillBound);
  ReapStrays();
  return left;
}

void Supervisor::RunInitCommands() {
  int first_rank = 0;
  for (const LaunchRole& role : plan_.roles) {
    for (const std::vector<std::string>& command : role.init_commands) {
      if (verdict_.decided()) return;
      StartMember({-1, role.name, command[0]}, first_rank, command);
      AwaitMembers();
    }
    first_rank += role.ranks;
  }
}

void Supervisor::StartRanks() {
  for (int rank = 0; rank < plan_.world_size() && !verdict_.decided(); ++rank) {
    const LaunchRole& role = *PlaceOfRank(plan_, rank).role;
    StartMember({rank, role.name, role.command[0]}, rank, role.command);
  }
}

// `rank` gives the environment.
void Supervisor::StartMember(MemberName name, int rank, const std::vector<std::string>& command) {
  const Program program{command, RankEnvironment(plan_, run_, rank, launcher_env_),
                        PlaceOfRank(plan_, rank).role->working_dir};
  const Result<std::optional<StartFailure>> failure = members_->Start(name, program);
  if (!failure.ok()) {
    verdict_.OnLauncherFailure(failure.status().message());
  } else if (failure->has_value()) {
    verdict_.OnStartFailure(name, (*failure)->exit_code, (*failure)->message);
  }
}

void Supervisor::AwaitMembers() {
  while (members_->running() > 0 && steady_clock::now() < give_up_at_) PollOnce();
}

milliseconds Supervisor::TimeLeft() const {
  const auto next =
      std::min({stopping_ ? steady_clock::time_point::max() : deadline_, kill_at_, give_up_at_});
  if (next == steady_clock::time_point::max()) return milliseconds(-1);
  const auto left = std::chrono::ceil<milliseconds>(next - steady_clock::now());
  return std::clamp(left, milliseconds(0), milliseconds(std::chrono::hours(1)));
}

void Supervisor::PollOnce() {
  if (verdict_.decided() && !stopping_) BeginStop();
  std::vector<pollfd> fds = {{signals_->fd(), POLLIN, 0}};
  const bool read_output = !terminal_->full();
  members_->AddDescriptors(read_output, &fds);
  for (const Stream stream : {Stream::kOut, Stream::kErr}) {
    if (const int fd = terminal_->waiting_fd(stream); fd >= 0) fds.push_back({fd, POLLOUT, 0});
  }
  poll(fds.data(), fds.size(), static_cast<int>(TimeLeft().count()));
  terminal_->Flush();
  if (read_output) members_->ReadOutput();
  for (MemberExit& exit : members_->TakeExits()) {
    verdict_.OnExit(exit.name, exit.wait_status, std::move(exit.last_lines));
  }
  HandleSignals();
  if (strays_to_reap_) ReapStrays();
  HandleTime();
}

void Supervisor::HandleSignals() {
  while (const int number = signals_->Next()) {
    if (number == SIGCHLD) {
      strays_to_reap_ = true;
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
  LOCKSTEP_ASSIGN_OR_RETURN(RunIdentity run, DrawRunIdentity(dir.path()));
  LOCKSTEP_ASSIGN_OR_RETURN(PreparedLock lock, PrepareJobLock(dir));
  LOCKSTEP_ASSIGN_OR_RETURN(SignalWatch signals, SignalWatch::Start());
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const GuardedJob job{dir, run.tag, HostName(), Now()};
  LOCKSTEP_ASSIGN_OR_RETURN(Guardian guardian, Guardian::Start(job, std::move(lock)));

  Terminal terminal(STDOUT_FILENO, STDERR_FILENO);
  Result<ExitRecord> record = [&]() -> Result<ExitRecord> {
    LOCKSTEP_RETURN_IF_ERROR(dir.WritePlan(EncodeLaunchPlan(plan)));
    LOCKSTEP_ASSIGN_OR_RETURN(OutputMux output,
                              OutputMux::Open(dir, plan.quiet ? nullptr : &terminal));
    LOCKSTEP_ASSIGN_OR_RETURN(MemberTable members, MemberTable::Open(&guardian, &output));
    Supervisor supervisor(plan, run, job.host, &signals, &terminal, &guardian, &members);
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
