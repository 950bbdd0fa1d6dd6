// Whether a TrainingJob whose group has failed is started again. Pure.
//
// It is the group that is started again, never one rank: the others would wait for it for ever, or
// with a communicator that is broken. Which rank failed first says whether that may be, by the
// restartPolicy of its role; how often it was done already, whether it may be once more.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "operators/api/training_job.h"

namespace lockstep {

// Restarts that cost the user nothing still end somewhere.
inline constexpr int kLostRestartsMax = 10;         // of a launcher that was killed
inline constexpr int kRequestedRestartsMax = 1000;  // of ranks that asked for it by exit code 75

enum class AfterFailure : std::uint8_t {
  kRestart,
  kForbidden,   // restartPolicy Never; or ExitCode, and the code is one of the program's own
  kUseless,     // it would only fail again (no such program, deadline), or was not meant to go on
  kOverBudget,  // maxRestarts, or one of the bounds above
};

// `restarts`: how often it was started again, by cause (status.restarts). A lost launcher is the
// machine's fault and exit code 75 the program's wish: neither counts against maxRestarts, nor does
// a suspension, which is no failure. One that was stopped now (suspension.h knows when that was a
// suspension) was not meant to go on.
AfterFailure DecideRestart(const TrainingJobSpec& spec, const std::vector<RestartCount>& restarts,
                           const FirstFailure& failure);

// One more.
void CountRestart(std::vector<RestartCount>& restarts, std::string_view cause);

}  // namespace lockstep
