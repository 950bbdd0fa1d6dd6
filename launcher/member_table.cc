#include "launcher/member_table.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lockstep {
namespace {

// A process that writes without end must not keep us from the others.
constexpr int kReadsAtOnceMax = 32;
constexpr int kExitsAtOnceMax = 256;

UniqueFd& PipeOf(Process* process, Stream stream) {
  return stream == Stream::kOut ? process->output : process->errors;
}

}  // namespace

Result<MemberTable> MemberTable::Open(Guardian* guardian, OutputMux* output) {
  UniqueFd exits(epoll_create1(EPOLL_CLOEXEC));
  if (!exits.valid()) return ErrnoStatus("watch processes", errno);
  return MemberTable(guardian, output, std::move(exits));
}

Result<std::optional<StartFailure>> MemberTable::Start(MemberName* name, const Program& program) {
  LOCKSTEP_ASSIGN_OR_RETURN(const int source, output_->AddSource(*name));
  LOCKSTEP_ASSIGN_OR_RETURN(StartOutcome outcome, StartProcess(program));
  if (outcome.failure) return outcome.failure;
  name->pid = outcome.process.pid;
  guardian_->Watch(name->pid);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = members_.size();
  const int watched = epoll_ctl(exits_.get(), EPOLL_CTL_ADD, outcome.process.exited.get(), &event);
  const int why = errno;
  members_.push_back({*name, std::move(outcome.process), source});
  ++CountOf(members_.back());
  if (watched != 0) return ErrnoStatus("watch a process", why);
  return std::optional<StartFailure>();
}

void MemberTable::AddDescriptors(bool with_output, std::vector<pollfd>* fds) const {
  fds->push_back({exits_.get(), POLLIN, 0});
  if (!with_output) return;
  for (const Member& member : members_) {
    for (const UniqueFd* pipe : {&member.process.output, &member.process.errors}) {
      if (pipe->valid()) fds->push_back({pipe->get(), POLLIN, 0});
    }
  }
}

void MemberTable::ReadStream(Member* member, Stream stream) {
  UniqueFd& pipe = PipeOf(&member->process, stream);
  std::array<char, 65536> buffer;
  for (int reads = 0; pipe.valid() && reads < kReadsAtOnceMax; ++reads) {
    const ssize_t n = read(pipe.get(), buffer.data(), buffer.size());
    if (n > 0) {
      output_->Write(member->source, stream, {buffer.data(), static_cast<std::size_t>(n)});
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && errno == EAGAIN) {
      return;
    } else {
      pipe.reset();
      output_->Finish(member->source, stream);
    }
  }
}

void MemberTable::ReadOutput() {
  for (Member& member : members_) {
    ReadStream(&member, Stream::kOut);
    ReadStream(&member, Stream::kErr);
  }
}

std::vector<MemberExit> MemberTable::TakeExits() {
  std::array<epoll_event, kExitsAtOnceMax> ready;
  const int n = epoll_wait(exits_.get(), ready.data(), kExitsAtOnceMax, 0);
  std::vector<MemberExit> exits;
  for (int i = 0; i < n; ++i) {
    exits.push_back(Take(&members_[ready[static_cast<std::size_t>(i)].data.u64]));
  }
  return exits;
}

MemberExit MemberTable::Take(Member* member) {
  ReadStream(member, Stream::kOut);
  ReadStream(member, Stream::kErr);
  // Until it is waited for, its number cannot be given to another process or group.
  kill(-member->name.pid, SIGKILL);
  guardian_->Forget(member->name.pid);
  MemberExit exit{member->name, 0, output_->LastLines(member->source)};
  while (waitpid(member->name.pid, &exit.wait_status, 0) < 0 && errno == EINTR) {
  }
  member->process.exited.reset();
  member->running = false;
  --CountOf(*member);
  return exit;
}

bool MemberTable::IsRunning(pid_t pid) const {
  return std::ranges::any_of(
      members_, [pid](const Member& member) { return member.running && member.name.pid == pid; });
}

std::vector<int> MemberTable::RunningRanks() const {
  std::vector<int> ranks;
  for (const Member& member : members_) {
    if (member.running && member.name.rank >= 0) ranks.push_back(member.name.rank);
  }
  return ranks;
}

void MemberTable::Signal(int signal_number) {
  for (const Member& member : members_) {
    if (member.running && member.name.sidecar.empty()) kill(-member.name.pid, signal_number);
  }
}

void MemberTable::SignalOne(pid_t pid, int signal_number) {
  if (IsRunning(pid)) kill(-pid, signal_number);
}

void MemberTable::FinishOutput() {
  ReadOutput();
  for (Member& member : members_) {
    for (const Stream stream : {Stream::kOut, Stream::kErr}) {
      UniqueFd& pipe = PipeOf(&member.process, stream);
      if (!pipe.valid()) continue;  // its end was seen
      pipe.reset();
      output_->Finish(member.source, stream);
    }
  }
}

}  // namespace lockstep
