// runPolicy: what every job of kubeflow.org says of its own end.
#pragma once

#include <string_view>

#include "operators/api/decode_visitor.h"
#include "operators/api/training_job.h"

namespace lockstep {

// As batch/v1 Job's default. Kubeflow's operators start replicas again for ever when it is not set.
inline constexpr std::int32_t kBackoffLimit = 6;

// Takes `runPolicy` of `spec`, which may be missing, into `job`. `manager` is the name under which
// the kind's own operator knows itself. What is wrong with values is in `rules`.
void DecodeRunPolicy(const Json& spec, const DecodePlace& place, std::string_view manager,
                     FindingList& findings, FindingList& rules, TrainingJobSpec& job);

}  // namespace lockstep
