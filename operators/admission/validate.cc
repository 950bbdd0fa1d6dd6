#include "operators/admission/validate.h"

#include "operators/admission/changed_fields.h"
#include "operators/admission/rules.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

constexpr std::size_t kExperimentNameMax = 40;  // as Katib: names of trials are made from it
constexpr std::size_t kNameMax = 63;

void ValidateExperiment(const Experiment& experiment, const ConfigMapLookup& config_maps,
                        const RuntimeLookup& runtimes, FindingList& findings) {
  CheckName(experiment.meta, kExperimentNameMax, findings);
  CheckObjective(experiment.spec, findings);
  CheckCounts(experiment.spec, findings);
  CheckParameters(experiment.spec, findings);
  CheckNas(experiment.spec, findings);
  CheckSearch(experiment.spec, findings);
  CheckCollector(experiment.spec, findings);
  CheckTemplate(experiment, config_maps, runtimes, findings);
}

void ValidateAs(const TrainingJob& job, const ConfigMapLookup&, FindingList& findings) {
  CheckName(job.meta, kNameMax, findings);
  CheckTrainingJob(job, findings);
}

// Suggestions and Trials are written by the operator from what was checked before.
void ValidateAs(const Suggestion& suggestion, const ConfigMapLookup&, FindingList& findings) {
  CheckName(suggestion.meta, kNameMax, findings);
}
void ValidateAs(const Trial& trial, const ConfigMapLookup&, FindingList& findings) {
  CheckName(trial.meta, kNameMax, findings);
  const auto& rules = trial.spec.early_stopping_rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    CheckChoice(rules[i].comparison, "comparison", {"equal", "less", "greater"},
                FieldPath(ElementPath("spec.earlyStoppingRules", i), "comparison"), findings);
  }
}

void ValidateAs(const ConfigMap& map, const ConfigMapLookup&, FindingList& findings) {
  CheckConfigMap(map, findings);
}

template <class T>
  requires std::is_same_v<T, TrainingRuntime> || std::is_same_v<T, ClusterTrainingRuntime>
void ValidateAs(const T& runtime, const ConfigMapLookup&, FindingList& findings) {
  CheckName(runtime.meta, kNameMax, findings);
  CheckTrainingRuntime(runtime.spec, findings);
}

void ValidateAs(const Secret& secret, const ConfigMapLookup&, FindingList& findings) {
  CheckSecret(secret, findings);
}

// What of the spec a user may not change.
ExperimentSpec Fixed(ExperimentSpec spec) {
  spec.parallel_trial_count.reset();
  spec.max_trial_count.reset();
  spec.max_failed_trial_count.reset();
  return spec;
}

// An Experiment that has ended goes on only when it ran out of trials and its policy says so.
bool MayChange(const Experiment& experiment) {
  for (const Condition& condition : experiment.status.conditions) {
    if (condition.status != "True") continue;
    if (condition.type == "Failed") return false;
    if (condition.type == "Succeeded") {
      return condition.reason == "ExperimentMaxTrialsReached" &&
             experiment.spec.resume_policy != "Never";
    }
  }
  return true;
}

void CheckExperimentUpdate(const Experiment& old, const Experiment& experiment,
                           FindingList& findings) {
  const ExperimentSpec& spec = experiment.spec;
  const auto fixed = [](const Experiment& whole) {
    Experiment copy = whole;
    copy.spec = Fixed(whole.spec);
    return EncodeObject(copy).at("spec");
  };
  if (const std::string changed = ChangedFields(fixed(old), fixed(experiment), "spec");
      !changed.empty()) {
    findings.Error("spec", changed +
                               ": only parallelTrialCount, maxTrialCount and "
                               "maxFailedTrialCount can change; delete the Experiment, or "
                               "give the new one another name");
  }
  if (spec != old.spec && !MayChange(old)) {
    findings.Error("spec.resumePolicy",
                   "the Experiment has ended: only one that ran out of trials under the policy "
                   "LongRunning or FromVolume can be changed; give the new one another name");
  }
  if (spec != old.spec && spec.max_trial_count && *spec.max_trial_count <= old.status.trials) {
    findings.Error("spec.maxTrialCount",
                   std::to_string(*spec.max_trial_count) + " is not more than the " +
                       std::to_string(old.status.trials) + " trials there are");
  }
}

// What of the spec a user may not change. The manifest is looked at by what it became.
TrainingJobSpec Fixed(TrainingJobSpec spec) {
  spec.suspend = false;
  spec.ttl_seconds_after_finished.reset();
  spec.source = Json();
  return spec;
}

// The fields as the user wrote them, in the manifest of its own kind.
std::string ChangedJobFields(const TrainingJob& before, const TrainingJob& after) {
  const auto spec = [](const TrainingJob& job) {
    const Json& source = job.spec.source;
    return source.is_object() ? source.value("spec", Json()) : Json();
  };
  std::string changed = ChangedFields(spec(before), spec(after), "spec");
  if (!changed.empty()) return changed;
  TrainingJob was = before;
  TrainingJob is = after;
  was.spec = Fixed(before.spec);
  is.spec = Fixed(after.spec);
  return ChangedFields(EncodeObject(was).at("spec"), EncodeObject(is).at("spec"), "spec");
}

void CheckTrainingJobUpdate(const TrainingJob& before, const TrainingJob& after,
                            FindingList& findings) {
  if (AppliedKind(before) != AppliedKind(after)) {
    const ObjectKey there = AppliedKey(before);
    findings.Error("metadata.name",
                   "is taken: there is a " + there.ToString() +
                       ", and a name is shared by jobs of all kinds; delete that first "
                       "(`lockstep delete job/" +
                       there.name + " -n " + there.namespace_ +
                       "`), or give this one another name");
  } else if (Fixed(before.spec) != Fixed(after.spec)) {
    findings.Error("spec", ChangedJobFields(before, after) +
                               ": only suspend and ttlSecondsAfterFinished of a job can change; "
                               "delete it first, or give the new one another name");
  }
}

}  // namespace

std::vector<Finding> Validate(const Object& object, const Document& document,
                              const ConfigMapLookup& config_maps, const RuntimeLookup& runtimes) {
  FindingList findings(&document);
  std::visit(
      [&](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Experiment>) {
          ValidateExperiment(value, config_maps, runtimes, findings);
        } else {
          ValidateAs(value, config_maps, findings);
        }
      },
      object);
  CheckIntents(object, findings);
  return findings.Take();
}

std::vector<Finding> ValidateUpdate(const Object& before, const Object& after,
                                    const Document& document) {
  FindingList findings(&document);
  if (KeyOf(before) != KeyOf(after)) {
    findings.Error("metadata.name", "the kind, namespace and name of an object do not change");
  } else if (const auto* experiment = std::get_if<Experiment>(&after)) {
    CheckExperimentUpdate(std::get<Experiment>(before), *experiment, findings);
  } else if (const auto* job = std::get_if<TrainingJob>(&after)) {
    CheckTrainingJobUpdate(std::get<TrainingJob>(before), *job, findings);
  } else if (const auto* map = std::get_if<ConfigMap>(&after)) {
    CheckConfigMapUpdate(std::get<ConfigMap>(before), *map, findings);
  } else if (const auto* secret = std::get_if<Secret>(&after)) {
    CheckSecretUpdate(std::get<Secret>(before), *secret, findings);
  }
  return findings.Take();
}

}  // namespace lockstep
