// Where the template of a trial stands: in the Experiment, or as text in a ConfigMap. Pure but for
// the look-up, which is the caller's.
#pragma once

#include <string>
#include <string_view>

#include "operators/api/config_map.h"
#include "operators/api/experiment.h"
#include "operators/codec/document.h"
#include "runtime/base/status.h"

namespace lockstep {

struct TrialTemplateSource {
  // The job with its placeholders. Of a ConfigMap it is a file of its own, whose name says where it
  // stands and whose marks say which of its scalars are plain.
  Document job;
  std::string text;  // in which placeholders are looked for
  bool in_config_map = false;
};

// InvalidArgument: neither source or both, no such ConfigMap or key, text that is no YAML or holds
// no object. Of several documents the first counts, as for Katib. Other errors are `config_maps`'s;
// an empty one answers Unavailable.
Result<TrialTemplateSource> ReadTrialTemplate(const TrialTemplate& trial_template,
                                              const ConfigMapLookup& config_maps);

inline constexpr std::string_view kPlaceholderOpen = "${trialParameters.";

}  // namespace lockstep
