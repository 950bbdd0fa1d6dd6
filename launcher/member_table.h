// The processes of a job: starting them, telling their exits in the order in which they happened,
// reading what they print, signalling their groups.
#pragma once

#include <poll.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "launcher/guardian.h"
#include "launcher/output_mux.h"
#include "launcher/process.h"
#include "launcher/verdict.h"

namespace lockstep {

struct MemberExit {
  MemberName name;
  int wait_status;
  std::vector<std::string> last_lines;
};

class MemberTable {
 public:
  // Both outlive the table.
  static Result<MemberTable> Open(Guardian* guardian, OutputMux* output);

  // Fills in `name->pid`. The StartFailure when the program could not be executed.
  Result<std::optional<StartFailure>> Start(MemberName* name, const Program& program);

  // Descriptors that tell of exits and output; `with_output` false leaves the output in the pipes.
  void AddDescriptors(bool with_output, std::vector<pollfd>* fds) const;
  void ReadOutput();
  // Members that have ended since the last call, the first to end first. What is left of their
  // process groups is killed: a member is over when its program is.
  std::vector<MemberExit> TakeExits();

  // True when `pid` is a member whose exit was not taken yet.
  bool IsRunning(pid_t pid) const;
  int running() const { return running_; }    // ranks and init commands
  int sidecars() const { return sidecars_; }  // that run
  std::vector<int> RunningRanks() const;
  // To the process groups of all running ranks and init commands.
  void Signal(int signal_number);
  // To one member's, if it runs.
  void SignalOne(pid_t pid, int signal_number);
  // Reads what is left in the pipes and ends unfinished lines.
  void FinishOutput();

 private:
  struct Member {
    MemberName name;
    Process process;
    int source;
    bool running = true;
  };
  MemberTable(Guardian* guardian, OutputMux* output, UniqueFd exits)
      : guardian_(guardian), output_(output), exits_(std::move(exits)) {}

  int& CountOf(const Member& member) { return member.name.sidecar.empty() ? running_ : sidecars_; }
  void ReadStream(Member* member, Stream stream);
  MemberExit Take(Member* member);

  Guardian* guardian_;
  OutputMux* output_;
  // An epoll of the pidfds: it lists them in the order in which they became ready, which is how the
  // first of several failures is known.
  UniqueFd exits_;
  std::vector<Member> members_;
  int running_ = 0;
  int sidecars_ = 0;
};

}  // namespace lockstep
