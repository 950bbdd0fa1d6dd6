// What must hold between the fields of a pod template before ranks can be made from it. Pure.
#pragma once

#include <string>

#include "operators/api/finding_list.h"
#include "operators/api/training_job.h"

namespace lockstep {

// `path` is the template's, "spec.template".
void CheckPodTemplate(const PodTemplate& pod_template, const std::string& path,
                      FindingList& findings);

}  // namespace lockstep
