// What must hold between the fields of a pod template before ranks can be made from it. Pure.
#pragma once

#include <string>

#include "operators/api/finding_list.h"
#include "operators/api/training_job.h"

namespace lockstep {

struct PodRules {
  std::size_t main = 0;     // which container is the program of a rank
  bool leaves_out = false;  // whether others without a command are left out, with a warning
};

// `path` is the template's, "spec.template".
void CheckPodTemplate(const PodTemplate& pod_template, const std::string& path,
                      FindingList& findings, const PodRules& rules = {});

// Takes out the containers after the first that name no program.
void LeaveOutWithoutCommand(PodSpec& pod);

}  // namespace lockstep
