// How many trials an Experiment starts now. Pure.
#pragma once

#include "operators/api/experiment.h"

namespace lockstep {

// Fills up to parallelTrialCount running ones, and never past maxTrialCount in all. A trial without
// metrics has been run as any other has (Katib forgets it here and overshoots). When
// parallelTrialCount was lowered, those that run go on: nothing is thrown away.
int MoreTrials(const ExperimentSpec& spec, const ExperimentStatus& status);

}  // namespace lockstep
