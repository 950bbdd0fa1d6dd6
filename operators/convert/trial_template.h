// A trial's job: the template with its placeholders replaced. Pure.
//
// Substitution works on the decoded template, never on text: a value arrives exactly as it is,
// whatever characters it holds. A scalar that is one placeholder and nothing else, outside command,
// args, env values, labels and annotations, becomes a number when the value is one; everything else
// stays text. References: a parameter's name, ${trialSpec.Name|Namespace|Kind|APIVersion},
// ${trialSpec.Annotations[k]}, ${trialSpec.Labels[k]} (of the template's own metadata).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/experiment.h"
#include "runtime/base/status.h"

namespace lockstep {

struct RenderRequest {
  const TrialTemplate& trial_template;
  std::string trial_name;
  std::string trial_namespace;
  const std::vector<ParameterAssignment>& assignments;
};

// The job's manifest with metadata.name and metadata.namespace set. InvalidArgument names the
// placeholder or assignment that has no partner, and where in the template it stands.
Result<Json> RenderTrial(const RenderRequest& request);

// What a reference that holds kTrialMetadataOpen stands for. InvalidArgument: it is none of the
// forms above, or the template's metadata does not have it.
inline constexpr std::string_view kTrialMetadataOpen = "${trialSpec.";
Result<std::string> TrialMetadata(const RenderRequest& request, const std::string& reference);

}  // namespace lockstep
