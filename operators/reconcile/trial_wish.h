// What is to become of a Trial's run, by what its user and its Experiment want. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "operators/api/experiment.h"
#include "operators/api/training_job.h"
#include "operators/api/trial.h"

namespace lockstep {

struct TrialWish {
  enum class Kind : std::uint8_t { kRun, kSuspend, kStop };
  Kind kind = Kind::kRun;
  std::string why;  // kStop: for people
};

// `experiment` null: the Trial stands alone, or its Experiment is gone. A Trial is stopped when it
// or its Experiment is cancelled, and when its Experiment has ended, unless that wants to keep
// running what runs: then a deadline still stops it, for that is about the time.
TrialWish WishForTrial(const Trial& trial, const Experiment* experiment);

// The annotations that the Trial's job is to have; nullopt: those that it has. `early`: why its
// rules end it, which comes before all else but a stop that is on its way. REQUIRES: the job has
// not ended
std::optional<Labels> WantedAnnotations(const Trial& trial, const TrainingJob& job,
                                        const TrialWish& wish,
                                        const std::optional<std::string>& early);

}  // namespace lockstep
