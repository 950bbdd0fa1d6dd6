// Defaults, as Katib's mutating webhook fills them in. Pure.
#pragma once

#include "operators/api/object.h"

namespace lockstep {

// Experiment: parallelTrialCount 3, resumePolicy Never, distribution uniform, collector StdOut,
// metric strategies (min when minimizing, max when maximizing), success and failure condition and
// labels of the primary pod by the kind of the inline trialSpec (a template in a ConfigMap has
// none). TrainingJob: AllRanks, grace 30 s. All kinds: namespace `default`.
void SetDefaults(Object& object);

// The success and failure condition Katib gives `kind` by default ("" for a kind it gives none).
std::string DefaultSuccessCondition(std::string_view api_version, std::string_view kind);
std::string DefaultFailureCondition(std::string_view api_version, std::string_view kind);

}  // namespace lockstep
