#include <algorithm>
#include <set>

#include "operators/admission/rules.h"
#include "operators/api/did_you_mean.h"
#include "operators/api/intent.h"
#include "operators/api/managed_by.h"
#include "operators/codec/text_field.h"
#include "operators/convert/convert.h"
#include "operators/convert/gjson.h"
#include "operators/convert/kubernetes_fields.h"
#include "operators/convert/primary_rank.h"
#include "operators/convert/sample_trial.h"
#include "operators/convert/trial_template.h"

namespace lockstep {
namespace {

constexpr char kTemplate[] = "spec.trialTemplate";
constexpr char kTrialSpec[] = "spec.trialTemplate.trialSpec";

constexpr char kConfigMap[] = "spec.trialTemplate.configMap";

// The path of what is at `path` in an inline job.
std::string Below(const std::string& path) {
  std::string result = kTrialSpec;
  if (!path.empty()) result.append(".").append(path);
  return result;
}

// Adds a finding about the job. One in a ConfigMap has a path and a place of its own, which its
// message tells.
void AddOfJob(const TrialTemplateSource& source, Finding finding, FindingList& findings) {
  if (source.in_config_map) {
    finding.position = source.job.MarkOf(PathToPointer(finding.path)).position;
    Finding plain = finding;
    plain.severity = Finding::Severity::kError;  // the list says which it is
    finding.message = FormatFinding(source.job.file, plain);
    finding.path = kConfigMap;
    finding.meant_path.clear();
  } else {
    finding.path = Below(finding.path);
    if (!finding.meant_path.empty()) finding.meant_path = Below(finding.meant_path);
  }
  findings.Add(std::move(finding));
}

// Otherwise that has been told, and nothing is said about what refers to the names.
bool AllNamed(const ExperimentSpec& spec) {
  const auto named = [](const ParameterSpec& parameter) { return !parameter.name.empty(); };
  return !spec.parameters.empty() && std::ranges::all_of(spec.parameters, named);
}

void CheckReference(const ExperimentSpec& spec, const Json& job, const std::string& reference,
                    const std::set<std::string>& parameters, const std::string& path,
                    FindingList& findings) {
  if (reference.find(kTrialMetadataOpen) != std::string::npos) {
    const auto value = TrialMetadata(job, {}, reference);
    if (!value.ok()) findings.Error(path, value.status().message());
  } else if (!parameters.contains(reference) && AllNamed(spec) && !spec.nas_config) {
    std::vector<std::string_view> known(parameters.begin(), parameters.end());
    findings.Error(path, "\"" + reference + "\" is no parameter of the Experiment" +
                             DidYouMean(reference, known) +
                             ": write the name of one of spec.parameters");
  }
}

void CheckTrialParameters(const ExperimentSpec& spec, const TrialTemplateSource& source,
                          FindingList& findings) {
  const TrialTemplate& trial_template = *spec.trial_template;
  const std::string list = FieldPath(kTemplate, "trialParameters");
  if (trial_template.trial_parameters.empty()) {
    findings.Error(list, "is missing: name the placeholders of the template");
  }
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
    } else if (source.text.find(std::string(kPlaceholderOpen) + name + "}") == std::string::npos) {
      findings.Error(name_path, "${trialParameters." + name + "} stands nowhere in " +
                                    (source.in_config_map ? source.job.file : "trialSpec"));
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
      CheckReference(spec, source.job.value, reference, parameters, reference_path, findings);
    }
  }
  for (const std::string& name : parameters) {
    if (!name.empty() && !references.contains(name)) {
      findings.Error(
          list, "the parameter \"" + name + "\" reaches no trial: no trial parameter refers to it");
    }
  }
}

// Katib looks for placeholders in the text of a ConfigMap: in comments and in later documents too.
void CheckPlaceholders(const TrialTemplateSource& source,
                       const std::vector<TrialParameterSpec>& known, FindingList& findings) {
  const std::string_view text = source.text;
  std::set<std::string_view> told;
  for (std::size_t open = text.find(kPlaceholderOpen); open != std::string_view::npos;
       open = text.find(kPlaceholderOpen, open + 1)) {
    const std::size_t begin = open + kPlaceholderOpen.size();
    const std::size_t end = text.find_first_of("}\n", begin);
    if (end == std::string_view::npos || end == begin || text[end] != '}') continue;
    const std::string_view name = text.substr(begin, end - begin);
    if (std::ranges::find(known, name, &TrialParameterSpec::name) != known.end()) continue;
    if (!told.insert(name).second) continue;
    findings.Error(kConfigMap, source.job.file + ": the placeholder ${trialParameters." +
                                   std::string(name) + "} has no entry in trialParameters");
  }
}

// The job with the places of its source, so that findings in it have some.
Document JobDocument(const Document& experiment, const TrialTemplateSource& source, Json job) {
  if (source.in_config_map) return {source.job.file, std::move(job), source.job.marks};
  const std::string prefix = PathToPointer(kTrialSpec);
  Document part{experiment.file, std::move(job), {}};
  for (const auto& [pointer, mark] : experiment.marks) {
    if (pointer.rfind(prefix, 0) == 0) part.marks[pointer.substr(prefix.size())] = mark;
  }
  return part;
}

// Whose metrics count. Without values for its placeholders the job's labels may not be what they
// will be.
void CheckPrimary(const TrialTemplate& trial_template, const TrainingJob& job, bool rendered,
                  FindingList& findings) {
  if (job.spec.roles.empty()) return;  // what is wrong has been told
  const Result<int> rank =
      rendered ? PrimaryRank(job, trial_template.primary_pod_labels) : Result<int>(0);
  if (!rank.ok()) {
    findings.Error(FieldPath(kTemplate, "primaryPodLabels"),
                   rank.status().message() + ": write labels of the pod whose metrics count");
    return;
  }
  const Status container = CheckPrimaryContainer(job, *rank, trial_template.primary_container_name);
  if (container.ok()) return;
  findings.Error(FieldPath(kTemplate, "primaryContainerName"), container.message());
}

// What is wrong with the job, whose placeholders are replaced unless `rendered` is false: then
// nothing is said about a field that holds one.
void CheckConverted(const TrialTemplate& trial_template, const TrialTemplateSource& source,
                    const Json& job, bool rendered, const RuntimeLookup& runtimes,
                    FindingList& findings) {
  const auto converted =
      ConvertToTrainingJob(JobDocument(*findings.document(), source, job), runtimes);
  if (!converted.ok()) {
    Finding finding{.path = "kind", .message = converted.status().message(), .unsupported = true};
    AddOfJob(source, std::move(finding), findings);
    FindingList fields(nullptr);
    CheckKubernetesFields(job, fields);
    for (Finding& unknown : fields.Take()) AddOfJob(source, std::move(unknown), findings);
    return;
  }
  // Katib takes a job of another operator as it is: that operator, of whatever version, has the
  // last word on it. Here it is not run.
  const std::string api_version = TextField(job, "apiVersion");
  const bool foreign = api_version != "batch/v1" && api_version != TrainingJob::kApiVersion;
  for (const Finding& finding : converted->findings) {
    const Json::json_pointer place(PathToPointer(finding.path));
    if (!rendered && job.contains(place) &&
        job.at(place).dump().find(kPlaceholderOpen) != std::string::npos) {
      continue;
    }
    Finding told = finding;
    told.unsupported |= told.severity == Finding::Severity::kError && foreign;
    AddOfJob(source, std::move(told), findings);
  }
  FindingList rules(nullptr);
  CheckTrainingJobSpec(converted->job.spec, "spec", rules);
  for (Finding& finding : rules.Take()) AddOfJob(source, std::move(finding), findings);
  if (IsManagedElsewhere(converted->job.spec.managed_by)) {
    Finding finding{.path = "spec", .message = {}};
    finding.message = "managedBy is \"" + converted->job.spec.managed_by +
                      "\": the job of a trial is run here; leave it out";
    AddOfJob(source, std::move(finding), findings);
  }
  if (!HasErrors(converted->findings)) {
    CheckPrimary(trial_template, converted->job, rendered, findings);
  }
}

void CheckJob(const Experiment& experiment, const TrialTemplateSource& source,
              const ConfigMapLookup& config_maps, const RuntimeLookup& runtimes,
              FindingList& findings) {
  const Result<Json> job = RenderSample(experiment, config_maps);
  if (!job.ok()) {
    const std::string& message = job.status().message();
    const std::size_t colon = message.find(": ");
    const bool placed = message.rfind('/', 0) == 0 && colon != std::string::npos;
    Finding finding;
    if (placed) finding.path = PointerToPath(message.substr(0, colon));
    finding.message = placed ? message.substr(colon + 2) : message;
    return AddOfJob(source, std::move(finding), findings);
  }
  CheckConverted(*experiment.spec.trial_template, source, *job, true, runtimes, findings);
}

// Defaults have been set: an empty condition is one of a kind that has none.
void CheckCondition(const TrialTemplate& trial_template, const std::string& condition,
                    const char* name, FindingList& findings) {
  const std::string path = FieldPath(kTemplate, name);
  if (condition.empty() && trial_template.config_map) {
    findings.Error(
        path,
        "is missing: only the kind of an inline trialSpec gives one; for a Job "
        "write status.conditions.#(type==\"" +
            std::string(name == std::string_view("successCondition") ? "Complete" : "Failed") +
            "\")#|#(status==\"True\")#");
  } else if (condition.empty()) {
    findings.Error(path, "is missing: this kind of job has no default");
  } else if (const Status read = CheckGjson(condition); !read.ok()) {
    findings.Error(path, "is no GJSON path that can be looked up in the job: " + read.message());
  }
}

// False, with findings: there is nothing to read the job from.
bool CheckSource(const TrialTemplate& trial_template, FindingList& findings) {
  const auto& map = trial_template.config_map;
  if (map && !trial_template.trial_spec.is_null()) {
    findings.Error(kTemplate, "has both a trialSpec and a configMap: keep one");
    return false;
  }
  if (!map && !trial_template.trial_spec.is_object()) {
    findings.Error(kTrialSpec, "is missing: the manifest of a trial's job");
    return false;
  }
  if (!map) return true;
  const auto require = [&](const std::string& value, const char* name) {
    if (value.empty()) findings.Error(FieldPath(kConfigMap, name), "is missing");
    return !value.empty();
  };
  const bool named = require(map->config_map_name, "configMapName");
  const bool placed = require(map->config_map_namespace, "configMapNamespace");
  return require(map->template_path, "templatePath") && named && placed;
}

// The annotations of lockstep.dev/ of the job that each trial runs. A value that a placeholder
// stands in is known only then.
void CheckJobIntents(const TrialTemplateSource& source, FindingList& findings) {
  const Json::json_pointer place("/metadata/annotations");
  const Json& job = source.job.value;
  if (!job.contains(place) || !job.at(place).is_object()) return;
  Labels annotations;
  for (const auto& [name, value] : job.at(place).items()) {
    if (!value.is_string()) continue;  // the job's decoder says so
    std::string text = value;
    if (text.find("${") == std::string::npos) annotations[name] = std::move(text);
  }
  for (IntentError& error : CheckIntent(TrainingJob::kKind, annotations)) {
    AddOfJob(source,
             {.path = FieldPath("metadata.annotations", error.annotation),
              .message = std::move(error.message)},
             findings);
  }
}

void CheckTrialSpec(const Experiment& experiment, const TrialTemplateSource& source,
                    const ConfigMapLookup& config_maps, const RuntimeLookup& runtimes,
                    FindingList& findings) {
  const ExperimentSpec& spec = experiment.spec;
  const TrialTemplate& trial_template = *spec.trial_template;
  const Json meta = source.job.value.value("metadata", Json());
  for (const char* const name : {"name", "namespace"}) {
    if (TextField(meta, name).empty()) continue;
    AddOfJob(
        source,
        {.path = FieldPath("metadata", name), .message = "must be left out: the trial gives it"},
        findings);
  }
  CheckJobIntents(source, findings);
  const std::size_t before = findings.findings().size();
  CheckTrialParameters(spec, source, findings);
  if (source.in_config_map) {
    CheckPlaceholders(source, trial_template.trial_parameters, findings);
  }
  // With parameters that do not fit together the job cannot be rendered.
  const bool fits = findings.findings().size() == before;
  if (fits && (AllNamed(spec) || (spec.nas_config && spec.parameters.empty()))) {
    CheckJob(experiment, source, config_maps, runtimes, findings);
  } else {
    CheckConverted(trial_template, source, source.job.value, false, runtimes, findings);
  }
}

}  // namespace

void CheckTemplate(const Experiment& experiment, const ConfigMapLookup& config_maps,
                   const RuntimeLookup& runtimes, FindingList& findings) {
  if (!experiment.spec.trial_template) {
    findings.Error(kTemplate, "is missing: what does a trial run?");
    return;
  }
  const TrialTemplate& trial_template = *experiment.spec.trial_template;
  if (trial_template.primary_container_name.empty()) {
    findings.Error(FieldPath(kTemplate, "primaryContainerName"), "is missing");
  }
  if (!CheckSource(trial_template, findings)) return;
  CheckCondition(trial_template, trial_template.success_condition, "successCondition", findings);
  CheckCondition(trial_template, trial_template.failure_condition, "failureCondition", findings);
  const auto source = ReadTrialTemplate(trial_template, config_maps);
  if (source.ok()) return CheckTrialSpec(experiment, *source, config_maps, runtimes, findings);
  if (source.status().kind() == StatusKind::kUnavailable) {
    findings.Warning(kConfigMap, source.status().message() + ": the trial's job is not checked");
  } else {
    findings.Error(kConfigMap, source.status().message());
  }
}

}  // namespace lockstep
