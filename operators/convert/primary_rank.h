// Of which rank of a trial's job the metrics are read. Pure.
#pragma once

#include <string>

#include "operators/api/training_job.h"
#include "runtime/base/status.h"

namespace lockstep {

// The lowest rank whose pod would have all of `labels` (a trial's primaryPodLabels); 0 when there
// are none. Of a role that only lends its hosts, as the workers of an MPIJob do, it is rank 0: that
// one prints what programs on those hosts print; so it is of an MPIJob whose pods do not have
// Katib's default label. The pods of a TrainingJob that was written as one
// have the completion index of their rank. InvalidArgument: there is none; the message tells the
// labels that there are.
Result<int> PrimaryRank(const TrainingJob& job, const Labels& labels);

// InvalidArgument: `name` (a trial's primaryContainerName) is not the program of `rank`; the
// message says what it is, and which container that is.
Status CheckPrimaryContainer(const TrainingJob& job, int rank, const std::string& name);

}  // namespace lockstep
