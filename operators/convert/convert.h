// Job manifests of other kinds -> TrainingJob. Pure. One file per kind; the table in convert.cc
// lists them.
#pragma once

#include "operators/api/decode.h"
#include "operators/api/training_job.h"

namespace lockstep {

// `document.value` is a whole manifest (apiVersion, kind, metadata, spec) without placeholders:
// batch/v1 Job or lockstep.dev/v1alpha1 TrainingJob. metadata is carried over. Every field that
// cannot be honoured is a finding at its path, never ignored; one that Kubernetes would honour is
// marked `unsupported`.
struct Converted {
  TrainingJob job;
  std::vector<Finding> findings;
};
// InvalidArgument: a kind that is not in the table; the message lists those that are.
Result<Converted> ConvertToTrainingJob(const Document& document);

}  // namespace lockstep
