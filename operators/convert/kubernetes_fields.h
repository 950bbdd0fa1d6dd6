// The fields that Kubernetes knows in a job's pods, also in the parts that no process is made from
// (probes, affinity, security contexts): a name that is misspelt there is told as anywhere else.
#pragma once

#include "operators/api/finding_list.h"
#include "operators/codec/json.h"

namespace lockstep {

// Adds a finding for each unknown field of the Job `manifest`, or of the pod templates of another
// kind: under `spec.roles`, or under a `spec.pytorchReplicaSpecs` and its like. Those that
// `findings` hold already are not told again.
void CheckKubernetesFields(const Json& manifest, FindingList& findings);

}  // namespace lockstep
