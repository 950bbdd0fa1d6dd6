// What `lockstep describe` says of an object. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/launch_notes.h"
#include "operators/api/object.h"
#include "runtime/base/clock.h"

namespace lockstep {

std::string DescribeExperiment(const Experiment& experiment, const std::vector<Trial>& trials,
                               WallTime now);
// `job`: the trial's job, while there is one.
std::string DescribeTrial(const Trial& trial, const std::optional<TrainingJob>& job, WallTime now);
// `notes`: of the generation that runs, or ran last.
std::string DescribeTrainingJob(const TrainingJob& job, const LaunchNotes& notes, WallTime now);
std::string DescribeSuggestion(const Suggestion& suggestion, WallTime now);
// With each text that is no longer than a page, and how many bytes the others have.
// Keys and sizes, no values.
std::string DescribeSecret(const Secret& secret, WallTime now);
std::string DescribeConfigMap(const ConfigMap& map, WallTime now);

// One line: "rank 1 on host h, signal 9: MESSAGE; last line: LINE".
std::string FailureLine(const FirstFailure& failure);

}  // namespace lockstep
