#include <algorithm>
#include <set>

#include "operators/admission/rules.h"
#include "operators/api/defaults.h"
#include "operators/api/did_you_mean.h"
#include "operators/codec/text_field.h"
#include "operators/convert/convert.h"
#include "operators/convert/gjson.h"
#include "operators/convert/sample_trial.h"
#include "operators/convert/trial_template.h"

namespace lockstep {
namespace {

constexpr char kTemplate[] = "spec.trialTemplate";
constexpr char kTrialSpec[] = "spec.trialTemplate.trialSpec";

// The path of what is at `path` in the job.
std::string Below(const std::string& path) {
  std::string result = kTrialSpec;
  if (!path.empty()) result.append(".").append(path);
  return result;
}

// Otherwise that has been told, and nothing is said about what refers to the names.
bool AllNamed(const ExperimentSpec& spec) {
  const auto named = [](const ParameterSpec& parameter) { return !parameter.name.empty(); };
  return !spec.parameters.empty() && std::ranges::all_of(spec.parameters, named);
}

void CheckReference(const Experiment& experiment, const std::string& reference,
                    const std::set<std::string>& parameters, const std::string& path,
                    FindingList& findings) {
  if (reference.find(kTrialMetadataOpen) != std::string::npos) {
    const auto value = TrialMetadata({*experiment.spec.trial_template, "", "", {}}, reference);
    if (!value.ok()) findings.Error(path, value.status().message());
  } else if (!parameters.contains(reference) && AllNamed(experiment.spec) &&
             !experiment.spec.nas_config) {
    std::vector<std::string_view> known(parameters.begin(), parameters.end());
    findings.Error(path, "\"" + reference + "\" is no parameter of the Experiment" +
                             DidYouMean(reference, known) +
                             ": write the name of one of spec.parameters");
  }
}

void CheckTrialParameters(const Experiment& experiment, FindingList& findings) {
  const ExperimentSpec& spec = experiment.spec;
  const TrialTemplate& trial_template = *spec.trial_template;
  const std::string list = FieldPath(kTemplate, "trialParameters");
  if (trial_template.trial_parameters.empty()) {
    findings.Error(list, "is missing: name the placeholders of the template");
  }
  const std::string text = trial_template.trial_spec.dump();
  std::set<std::string> names, references, parameters;
  for (const ParameterSpec& parameter : spec.parameters) parameters.insert(parameter.name);
  for (std::size_t i = 0; i < trial_template.trial_parameters.size(); ++i) {
    const auto& [name, description, reference] = trial_template.trial_parameters[i];
    const std::string path = ElementPath(list, i);
    const std::string name_path = FieldPath(path, "name");
    if (name.empty()) {
      findings.Error(name_path, "is missing");
    } else if (name.find_first_of("{}") != std::string::npos) {
      findings.Error(name_path, "\"" + name + "\" must not contain { or }");
    } else if (text.find("${trialParameters." + name + "}") == std::string::npos) {
      findings.Error(name_path, "${trialParameters." + name + "} stands nowhere in trialSpec");
    }
    if (!names.insert(name).second) {
      findings.Error(name_path, "\"" + name + "\" is a trial parameter already");
    }
    const std::string reference_path = FieldPath(path, "reference");
    if (reference.empty()) {
      findings.Error(reference_path, "is missing");
    } else if (!references.insert(reference).second) {
      findings.Error(reference_path, "\"" + reference + "\" is referred to already");
    } else {
      CheckReference(experiment, reference, parameters, reference_path, findings);
    }
  }
  for (const std::string& name : parameters) {
    if (!name.empty() && !references.contains(name)) {
      findings.Error(
          list, "the parameter \"" + name + "\" reaches no trial: no trial parameter refers to it");
    }
  }
}

// The part of `document` below trialSpec, so that findings in the job have places.
Document JobDocument(const Document& document, Json job) {
  const std::string prefix = PathToPointer(kTrialSpec);
  Document part{document.file, std::move(job), {}};
  for (const auto& [pointer, mark] : document.marks) {
    if (pointer.rfind(prefix, 0) == 0) part.marks[pointer.substr(prefix.size())] = mark;
  }
  return part;
}

void CheckContainerName(const TrialTemplate& trial_template, const TrainingJob& job,
                        FindingList& findings) {
  if (job.spec.roles.empty()) return;
  const auto& containers = job.spec.roles.front().pod_template.spec.containers;
  for (const Container& container : containers) {
    if (container.name == trial_template.primary_container_name) return;
  }
  if (containers.empty() || trial_template.primary_container_name.empty()) return;
  findings.Error(FieldPath(kTemplate, "primaryContainerName"),
                 "\"" + trial_template.primary_container_name +
                     "\" is no container of the job: its container is \"" +
                     containers.front().name + "\"");
}

// What is wrong with the job, whose placeholders are replaced unless `rendered` is false: then
// nothing is said about a field that holds one.
void CheckConverted(const TrialTemplate& trial_template, const Json& job, bool rendered,
                    FindingList& findings) {
  const auto converted = ConvertToTrainingJob(JobDocument(*findings.document(), job));
  if (!converted.ok()) {
    findings.Error(FieldPath(kTrialSpec, "kind"), converted.status().message());
    return;
  }
  for (const Finding& finding : converted->findings) {
    const Json::json_pointer place(PathToPointer(finding.path));
    if (!rendered && job.contains(place) &&
        job.at(place).dump().find("${trialParameters.") != std::string::npos) {
      continue;
    }
    Finding below = finding;
    below.path = Below(finding.path);
    if (!finding.meant_path.empty()) below.meant_path = Below(finding.meant_path);
    findings.Add(std::move(below));
  }
  CheckTrainingJobSpec(converted->job.spec, Below("spec"), findings);
  CheckContainerName(trial_template, converted->job, findings);
}

void CheckJob(const Experiment& experiment, FindingList& findings) {
  const Result<Json> job = RenderSample(experiment);
  if (!job.ok()) {
    const std::string& message = job.status().message();
    const std::size_t colon = message.find(": ");
    const bool placed = message.rfind('/', 0) == 0 && colon != std::string::npos;
    const std::string below = placed ? PointerToPath(message.substr(0, colon)) : "";
    findings.Error(Below(below), placed ? message.substr(colon + 2) : message);
    return;
  }
  CheckConverted(*experiment.spec.trial_template, *job, true, findings);
}

// Defaults have been set: an empty condition is one of a kind that has none.
void CheckCondition(const std::string& condition, const Json& job, const char* name,
                    FindingList& findings) {
  const std::string path = FieldPath(kTemplate, name);
  if (condition.empty()) {
    if (!DefaultSuccessCondition(TextField(job, "apiVersion"), TextField(job, "kind")).empty())
      return;
    findings.Error(path, "is missing: this kind of job has no default");
  } else if (const Status read = CheckGjson(condition); !read.ok()) {
    findings.Error(path, "is no GJSON path that can be looked up in the job: " + read.message());
  }
}

void CheckPrimaryPod(const TrialTemplate& trial_template, FindingList& findings) {
  for (const auto& [label, value] : trial_template.primary_pod_labels) {
    if (label == "batch.kubernetes.io/job-completion-index" && value == "0") continue;
    findings.Error(FieldPath(FieldPath(kTemplate, "primaryPodLabels"), label),
                   "is not supported yet: metrics come from rank 0, whatever its labels; leave "
                   "primaryPodLabels out");
  }
}

}  // namespace

void CheckTemplate(const Experiment& experiment, FindingList& findings) {
  const ExperimentSpec& spec = experiment.spec;
  if (!spec.trial_template) {
    findings.Error(kTemplate, "is missing: what does a trial run?");
    return;
  }
  const TrialTemplate& trial_template = *spec.trial_template;
  if (trial_template.primary_container_name.empty()) {
    findings.Error(FieldPath(kTemplate, "primaryContainerName"), "is missing");
  }
  if (trial_template.config_map) {
    findings.Error(FieldPath(kTemplate, "configMap"),
                   "is not supported yet: write the job as trialSpec");
    return;
  }
  if (!trial_template.trial_spec.is_object()) {
    findings.Error(kTrialSpec, "is missing: the manifest of a trial's job");
    return;
  }
  const Json meta = trial_template.trial_spec.value("metadata", Json());
  for (const char* const name : {"name", "namespace"}) {
    if (meta.is_object() && meta.contains(name)) {
      findings.Error(FieldPath(FieldPath(kTrialSpec, "metadata"), name),
                     "must be left out: the trial gives it");
    }
  }
  const Json& job = trial_template.trial_spec;
  CheckCondition(trial_template.success_condition, job, "successCondition", findings);
  CheckCondition(trial_template.failure_condition, job, "failureCondition", findings);
  CheckPrimaryPod(trial_template, findings);
  const std::size_t before = findings.findings().size();
  CheckTrialParameters(experiment, findings);
  // With parameters that do not fit together the job cannot be rendered.
  if (findings.findings().size() == before && AllNamed(spec) && !spec.nas_config) {
    CheckJob(experiment, findings);
  } else {
    CheckConverted(trial_template, trial_template.trial_spec, false, findings);
  }
}

}  // namespace lockstep
