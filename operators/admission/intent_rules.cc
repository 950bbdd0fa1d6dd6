#include "operators/admission/rules.h"
#include "operators/api/intent.h"

namespace lockstep {
namespace {

void CheckAnnotations(std::string_view kind, const Labels& annotations, const std::string& path,
                      FindingList& findings) {
  for (const IntentError& error : CheckIntent(kind, annotations))
    findings.Error(FieldPath(path, error.annotation), error.message);
}

// Of the job that each trial runs. A value that a placeholder stands in is known only then.
Labels TrialSpecAnnotations(const Experiment& experiment) {
  Labels annotations;
  if (!experiment.spec.trial_template) return annotations;
  const Json& job = experiment.spec.trial_template->trial_spec;
  const Json::json_pointer place("/metadata/annotations");
  if (!job.is_object() || !job.contains(place) || !job.at(place).is_object()) return annotations;
  for (const auto& [name, value] : job.at(place).items()) {
    if (!value.is_string()) continue;  // the job's decoder says so
    std::string text = value;
    if (text.find("${") == std::string::npos) annotations[name] = std::move(text);
  }
  return annotations;
}

}  // namespace

void CheckIntents(const Object& object, FindingList& findings) {
  CheckAnnotations(KindOf(object), MetaOf(object).annotations, "metadata.annotations", findings);
  if (const auto* experiment = std::get_if<Experiment>(&object)) {
    CheckAnnotations(TrainingJob::kKind, TrialSpecAnnotations(*experiment),
                     "spec.trialTemplate.trialSpec.metadata.annotations", findings);
  }
}

}  // namespace lockstep
