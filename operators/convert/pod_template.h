// The pod template of a job of another kind.
#pragma once

#include <optional>

#include "operators/api/decode_visitor.h"
#include "operators/api/training_job.h"

namespace lockstep {

inline constexpr std::int64_t kGracePeriodSeconds = 30;  // Kubernetes' default

// Takes `template` of `parent`; a finding when it is missing. terminationGracePeriodSeconds is read
// apart, a TrainingJob has it once and not once a role: nullopt when there is none.
std::optional<std::int64_t> DecodePodTemplate(const Json& parent, const DecodePlace& place,
                                              FindingList& findings, PodTemplate& pod_template);

}  // namespace lockstep
