// A trial's job: the template with its placeholders replaced. Pure.
//
// Substitution works on the decoded template, never on text: a value arrives exactly as it is,
// whatever characters it holds. In an inline trialSpec a scalar that is one placeholder and nothing
// else becomes a number when the value is one; everything else stays text. In the text of a
// ConfigMap a scalar without quotes becomes what YAML makes of it with its values in place (a
// number, true, null), and one with quotes stays text, as for Katib. What is below command, args,
// env, labels and annotations is text always: Kubernetes takes nothing else there. References: a
// parameter's name, ${trialSpec.Name|Namespace|Kind|APIVersion},
// ${trialSpec.Annotations[k]}, ${trialSpec.Labels[k]} (of the template's own metadata).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/convert/trial_template_source.h"
#include "runtime/base/status.h"

namespace lockstep {

struct RenderRequest {
  const TrialTemplate& trial_template;
  std::string trial_name;
  std::string trial_namespace;
  const std::vector<ParameterAssignment>& assignments;
  ConfigMapLookup config_maps = {};
};

// The job's manifest with metadata.name and metadata.namespace set. InvalidArgument names the
// placeholder or assignment that has no partner, and where in the template it stands
// ("/spec/parallelism: what"). Other errors are those of `config_maps`.
Result<Json> RenderTrial(const RenderRequest& request);

// What a reference that holds kTrialMetadataOpen stands for. InvalidArgument: it is none of the
// forms above, or the template's metadata does not have it.
inline constexpr std::string_view kTrialMetadataOpen = "${trialSpec.";
struct TrialIdentity {
  std::string name;
  std::string namespace_;
};
Result<std::string> TrialMetadata(const Json& job, const TrialIdentity& trial,
                                  const std::string& reference);

}  // namespace lockstep
