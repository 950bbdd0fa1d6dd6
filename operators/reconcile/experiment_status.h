// What an Experiment's status says of its Trials: counts, lists of names, the best one, and what
// follows from them. Pure.
#pragma once

#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/suggestion.h"
#include "operators/api/trial.h"
#include "operators/reconcile/success_policy.h"
#include "runtime/base/clock.h"

namespace lockstep {

// Sets trials*, *TrialList and currentOptimalTrial; leaves times and conditions alone. `trials` in
// order of creation.
//
// The best trial is that with the best finite objective, by its strategy, among those that have
// succeeded or were stopped early; the earlier of two equal ones. Katib differs where it is wrong:
// there a NaN, an infinity, any text, or the value of a failed trial may be the best. Without such
// a trial the one found before is kept.
void SummarizeTrials(const ExperimentSpec& spec, const std::vector<const Trial*>& trials,
                     ExperimentStatus& status);

// SummarizeTrials, then the condition that follows: the end (success_policy.h), or Running. Of an
// Experiment that has ended only the summary changes. `suggestion` null: there is none yet.
void AdvanceExperiment(const ExperimentSpec& spec, const std::vector<const Trial*>& trials,
                       const Suggestion* suggestion, WallTime now, ExperimentStatus& status);

void EndExperiment(const ExperimentEnd& end, WallTime now, ExperimentStatus& status);

// Pending and running.
int ActiveTrials(const ExperimentStatus& status);
// All others, those without metrics included.
int FinishedTrials(const ExperimentStatus& status);

}  // namespace lockstep
