// Job manifests of other kinds -> TrainingJob. Pure. One file per kind; the table in convert.cc
// lists them.
#pragma once

#include "operators/api/decode.h"
#include "operators/api/training_job.h"
#include "operators/api/training_runtime.h"

namespace lockstep {

// `document.value` is a whole manifest (apiVersion, kind, metadata, spec) without placeholders, its
// metadata.name and namespace set where they are known: host names are made of them. metadata is
// carried over. A kind that is not TrainingJob's own is kept in spec.source. Every field that
// cannot be honoured is a finding at its path, never ignored; one that Kubernetes would honour is
// marked `unsupported`, or is a warning where the run is the same without it.
struct Converted {
  TrainingJob job;
  std::vector<Finding> findings;
};
// `runtimes`: empty: those that Kubeflow Trainer ships alone (shipped_runtimes.h).
// InvalidArgument: a kind that is not in the table; the message lists those that are.
Result<Converted> ConvertToTrainingJob(const Document& document,
                                       const RuntimeLookup& runtimes = {});

}  // namespace lockstep
