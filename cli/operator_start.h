// Starts `lockstep operator` in a session of its own, so that it outlives the verb and its
// terminal.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/state_dir.h"

namespace lockstep {

// The operator writes one line to its --ready-fd: kReadyLine once it listens, else why it cannot.
inline constexpr char kReadyLine[] = "ready";

// Returns once the operator serves `dir`. Its output goes to operator.log. AlreadyExists: another
// operator has the directory. Any other Status is the operator's own reason; DeadlineExceeded.
// `program`: the lockstep command; `arguments`: more for its verb `operator`. Call while the
// process has one thread.
Status StartDetachedOperator(const StateDir& dir, const std::string& program,
                             std::chrono::milliseconds deadline,
                             const std::vector<std::string>& arguments = {});

// The operator's side of --ready-fd; -1 says nothing. Closes it.
void ReportReady(int ready_fd, const Status& status);

}  // namespace lockstep
