// trialTemplate.goTemplate of a v1alpha3 Experiment -> trialSpec and trialParameters. Internal to
// katib_v1alpha3.
#pragma once

#include "operators/api/config_map.h"
#include "operators/api/finding_list.h"

namespace lockstep {

// `experiment.value` is an object with an object "spec", which gets the v1beta1 trialTemplate in
// the place of its own; `experiment.marks` gets the places of the rendered job. `findings` looks up
// places in `experiment`.
void ConvertGoTrialTemplate(Document& experiment, const ConfigMapLookup& config_maps,
                            FindingList& findings);

}  // namespace lockstep
