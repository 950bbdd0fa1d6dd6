#include "cli/intent_change.h"

#include "cli/object_name.h"
#include "cli/object_state.h"
#include "operators/api/intent.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

Status CheckAlive(const Object& object, const std::string& verb) {
  const std::string key = AppliedKey(object).ToString();
  if (!MetaOf(object).deletion_timestamp.empty()) {
    return InvalidArgument(key + " is being deleted: there is nothing left to " + verb);
  }
  if (IsFinished(object)) {
    return InvalidArgument(key + " has ended as " + StateOf(object) +
                           ": there is nothing left to " + verb);
  }
  return OkStatus();
}

Status CheckSuspendable(const Object& object, const std::string& verb) {
  if (std::holds_alternative<Experiment>(object) || std::holds_alternative<TrainingJob>(object)) {
    return CheckAlive(object, verb);
  }
  const std::string instead = std::holds_alternative<Trial>(object)
                                  ? "job/" + MetaOf(object).name + "`, its job"
                                  : "experiment/" + MetaOf(object).name + "`, which asks it";
  return InvalidArgument("an Experiment or a job can " + verb + ", " + KeyOf(object).ToString() +
                         " cannot: `lockstep " + verb + " " + instead);
}

// In the manifest of its own kind too, which has it in one of two places.
void ResumeSpec(TrainingJobSpec& spec) {
  spec.suspend = false;
  if (!spec.source.is_object() || !spec.source.contains("spec")) return;
  Json& source = spec.source["spec"];
  if (!source.is_object()) return;
  if (source.contains("suspend")) source["suspend"] = false;
  if (source.contains("runPolicy") && source["runPolicy"].is_object() &&
      source["runPolicy"].contains("suspend")) {
    source["runPolicy"]["suspend"] = false;
  }
}

}  // namespace

Result<IntentChange> ChangeIntent(ObjectClient& client, const ObjectKey& key,
                                  const std::function<Result<bool>(Object&)>& change) {
  constexpr int kConflictsMax = 20;  // each means that somebody else's write went through
  for (int attempt = 0;; ++attempt) {
    LOCKSTEP_ASSIGN_OR_RETURN(Object object, client.Get(key));
    LOCKSTEP_ASSIGN_OR_RETURN(const bool changed, change(object));
    if (!changed) return IntentChange{std::move(object), false};
    const Result<Object> written = client.Update(object);
    if (written.ok()) return IntentChange{*written, true};
    if (written.status().kind() != StatusKind::kConflict || attempt == kConflictsMax) {
      return written.status();
    }
  }
}

Result<bool> Suspend(Object& object) {
  LOCKSTEP_RETURN_IF_ERROR(CheckSuspendable(object, "suspend"));
  std::string& value = MetaOf(object).annotations[kSuspendAnnotation];
  return std::exchange(value, "true") != "true";
}

Result<bool> Resume(Object& object) {
  LOCKSTEP_RETURN_IF_ERROR(CheckSuspendable(object, "resume"));
  Labels& annotations = MetaOf(object).annotations;
  auto* job = std::get_if<TrainingJob>(&object);
  const bool by_spec = job != nullptr && job->spec.suspend;
  if (by_spec) ResumeSpec(job->spec);
  const auto found = annotations.find(kSuspendAnnotation);
  if (found == annotations.end()) return by_spec;
  if (found->second == kSuspendedByExperiment) {
    const auto owner = MetaOf(object).labels.find(kExperimentLabel);
    return InvalidArgument(
        AppliedKey(object).ToString() + " is suspended with its Experiment: resume that" +
        (owner == MetaOf(object).labels.end() ? ""
                                              : ", `lockstep resume exp/" + owner->second + "`"));
  }
  annotations.erase(found);
  return true;
}

Result<bool> Cancel(Object& object, const std::string& reason) {
  if (std::holds_alternative<Suggestion>(object)) {
    return InvalidArgument(KeyOf(object).ToString() + " only proposes points: `lockstep cancel " +
                           "experiment/" + MetaOf(object).name + "` ends its search");
  }
  const char* const annotation =
      std::holds_alternative<TrainingJob>(object) ? kStopAnnotation : kCancelAnnotation;
  const bool already = MetaOf(object).annotations.contains(annotation);
  if (already && IsFinished(object)) return false;
  LOCKSTEP_RETURN_IF_ERROR(CheckAlive(object, "cancel"));
  if (already) return false;
  MetaOf(object).annotations[annotation] = reason;
  return true;
}

}  // namespace lockstep
