// A Job's pods are the ranks of one role. Each level of the manifest has a table of the fields that
// Kubernetes knows there: what one machine can do without is accepted, what would change the run is
// refused by path. A refused field that says nothing (null, "", [], {}, false) is accepted.
#include <span>

#include "operators/api/decode_visitor.h"
#include "operators/api/did_you_mean.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

constexpr std::int64_t kBackoffLimit = 6;  // Kubernetes' default
constexpr std::int64_t kGracePeriodSeconds = 30;

enum class Treatment : std::uint8_t { kDecode, kHarmless, kRefuse };

struct FieldRow {
  std::string_view name;
  Treatment treatment;
};
using enum Treatment;

constexpr FieldRow kJobFields[] = {{"apiVersion", kHarmless},
                                   {"kind", kHarmless},
                                   {"metadata", kDecode},
                                   {"spec", kDecode},
                                   {"status", kHarmless}};
constexpr FieldRow kSpecFields[] = {
    {"template", kDecode},         {"parallelism", kDecode},
    {"completions", kDecode},      {"completionMode", kDecode},
    {"backoffLimit", kDecode},     {"activeDeadlineSeconds", kDecode},
    {"suspend", kRefuse},          {"ttlSecondsAfterFinished", kRefuse},
    {"selector", kRefuse},         {"manualSelector", kRefuse},
    {"podFailurePolicy", kRefuse}, {"successPolicy", kRefuse},
    {"managedBy", kRefuse},        {"backoffLimitPerIndex", kRefuse},
    {"maxFailedIndexes", kRefuse}, {"podReplacementPolicy", kRefuse}};
constexpr FieldRow kPodMetaFields[] = {{"labels", kDecode},
                                       {"annotations", kDecode},
                                       {"name", kHarmless},
                                       {"namespace", kHarmless},
                                       {"creationTimestamp", kHarmless}};
constexpr FieldRow kPodFields[] = {{"containers", kDecode},
                                   {"initContainers", kDecode},
                                   {"restartPolicy", kDecode},
                                   {"terminationGracePeriodSeconds", kHarmless},  // read apart
                                   {"imagePullSecrets", kHarmless},
                                   {"tolerations", kHarmless},
                                   {"dnsPolicy", kHarmless},
                                   {"schedulerName", kHarmless},
                                   {"priorityClassName", kHarmless},
                                   {"enableServiceLinks", kHarmless},
                                   {"automountServiceAccountToken", kHarmless},
                                   {"nodeSelector", kRefuse},
                                   {"nodeName", kRefuse},
                                   {"affinity", kRefuse},
                                   {"topologySpreadConstraints", kRefuse},
                                   {"volumes", kRefuse},
                                   {"securityContext", kRefuse},
                                   {"serviceAccountName", kRefuse},
                                   {"serviceAccount", kRefuse},
                                   {"hostNetwork", kRefuse},
                                   {"hostPID", kRefuse},
                                   {"hostIPC", kRefuse},
                                   {"hostAliases", kRefuse},
                                   {"hostname", kRefuse},
                                   {"subdomain", kRefuse},
                                   {"dnsConfig", kRefuse},
                                   {"activeDeadlineSeconds", kRefuse},
                                   {"shareProcessNamespace", kRefuse},
                                   {"runtimeClassName", kRefuse},
                                   {"priority", kRefuse},
                                   {"preemptionPolicy", kRefuse},
                                   {"readinessGates", kRefuse},
                                   {"ephemeralContainers", kRefuse},
                                   {"overhead", kRefuse},
                                   {"os", kRefuse},
                                   {"setHostnameAsFQDN", kRefuse},
                                   {"hostUsers", kRefuse},
                                   {"schedulingGates", kRefuse},
                                   {"resourceClaims", kRefuse}};
constexpr FieldRow kContainerFields[] = {{"name", kDecode},
                                         {"image", kDecode},
                                         {"imagePullPolicy", kDecode},
                                         {"command", kDecode},
                                         {"args", kDecode},
                                         {"env", kDecode},
                                         {"workingDir", kDecode},
                                         {"ports", kDecode},
                                         {"resources", kDecode},
                                         {"terminationMessagePath", kHarmless},
                                         {"terminationMessagePolicy", kHarmless},
                                         {"envFrom", kRefuse},
                                         {"volumeMounts", kRefuse},
                                         {"volumeDevices", kRefuse},
                                         {"livenessProbe", kRefuse},
                                         {"readinessProbe", kRefuse},
                                         {"startupProbe", kRefuse},
                                         {"lifecycle", kRefuse},
                                         {"securityContext", kRefuse},
                                         {"resizePolicy", kRefuse},
                                         {"restartPolicy", kRefuse},
                                         {"stdin", kRefuse},
                                         {"stdinOnce", kRefuse},
                                         {"tty", kRefuse}};
constexpr FieldRow kEnvFields[] = {{"name", kDecode}, {"value", kDecode}, {"valueFrom", kRefuse}};

bool SaysNothing(const Json& value) { return value.empty() || value == false || value == ""; }

// What of `json` is to be decoded. Refused and unknown fields are findings.
Json Filter(const Json& json, std::string_view path, std::span<const FieldRow> table,
            FindingList& findings) {
  if (!json.is_object()) return json;  // the decoder says what is wrong
  Json kept = Json::object();
  std::vector<std::string_view> known;
  for (const FieldRow& row : table) known.push_back(row.name);
  for (const auto& [name, value] : json.items()) {
    const FieldRow* found = nullptr;
    for (const FieldRow& row : table) {
      if (row.name == name) found = &row;
    }
    if (found == nullptr) {
      findings.Error(FieldPath(path, name), "unknown field" + DidYouMean(name, known));
    } else if (found->treatment == kDecode) {
      kept[name] = value;
    } else if (found->treatment == kRefuse && !SaysNothing(value)) {
      findings.Error(FieldPath(path, name),
                     "not supported yet: this version cannot honour it; leave it out");
    }
  }
  return kept;
}

void FilterEach(Json& parent, const char* name, std::string_view path,
                std::span<const FieldRow> table, FindingList& findings) {
  const auto list = parent.find(name);
  if (list == parent.end() || !list->is_array()) return;
  const std::string list_path = FieldPath(path, name);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string element_path = ElementPath(list_path, i);
    Json element = Filter((*list)[i], element_path, table, findings);
    if (table.data() == kContainerFields && element.is_object()) {
      FilterEach(element, "env", element_path, kEnvFields, findings);
    }
    (*list)[i] = std::move(element);
  }
}

void FilterPodTemplate(Json& pod_template, std::string_view path, FindingList& findings) {
  if (!pod_template.is_object()) return;
  if (const auto meta = pod_template.find("metadata"); meta != pod_template.end()) {
    *meta = Filter(*meta, FieldPath(path, "metadata"), kPodMetaFields, findings);
  }
  if (const auto spec = pod_template.find("spec"); spec != pod_template.end()) {
    const std::string spec_path = FieldPath(path, "spec");
    *spec = Filter(*spec, spec_path, kPodFields, findings);
    if (!spec->is_object()) return;
    FilterEach(*spec, "containers", spec_path, kContainerFields, findings);
    FilterEach(*spec, "initContainers", spec_path, kContainerFields, findings);
  }
}

std::optional<std::int64_t> ReadNumber(const Json& parent, const DecodePlace& place,
                                       std::string_view name, std::int64_t min,
                                       FindingList& findings) {
  const auto field = parent.find(name);
  if (field == parent.end() || field->is_null()) return {};
  std::int64_t value = min;
  DecodeInteger(*field, DecodePlace{&place, name}, findings, min,
                std::numeric_limits<std::int32_t>::max(), value);
  return value;
}

// All ranks of a group run at the same time.
std::int32_t RankCount(const Json& spec, const DecodePlace& place, FindingList& findings) {
  const auto parallelism = ReadNumber(spec, place, "parallelism", 1, findings);
  const auto completions = ReadNumber(spec, place, "completions", 1, findings);
  if (completions && *completions != parallelism.value_or(1)) {
    findings.Error("spec.completions",
                   "not supported yet: " + std::to_string(*completions) +
                       " completions with a "
                       "parallelism of " +
                       std::to_string(parallelism.value_or(1)) +
                       ": the pods of a job start together as its ranks, so make the two equal");
  }
  return static_cast<std::int32_t>(parallelism.value_or(1));
}

void ConvertSpec(const Json& json, const DecodePlace& place, FindingList& findings,
                 TrainingJobSpec& spec) {
  JobRole role;
  role.name = "worker";
  role.replicas = RankCount(json, place, findings);
  spec.max_restarts = static_cast<std::int32_t>(
      ReadNumber(json, place, "backoffLimit", 0, findings).value_or(kBackoffLimit));
  spec.active_deadline_seconds = ReadNumber(json, place, "activeDeadlineSeconds", 1, findings);
  spec.success_policy = "AllRanks";
  spec.grace_period_seconds = kGracePeriodSeconds;
  const auto mode = json.find("completionMode");
  if (mode != json.end() && !SaysNothing(*mode) && *mode != "Indexed" && *mode != "NonIndexed") {
    findings.Error("spec.completionMode", "use Indexed or NonIndexed");
  }
  const auto pod_template = json.find("template");
  if (pod_template == json.end() || pod_template->is_null()) {
    findings.Error("spec.template", "is missing: the job has no program to run");
  } else {
    const DecodePlace template_place{&place, "template"};
    const DecodePlace pod_place{&template_place, "spec"};
    if (const auto pod = pod_template->is_object() ? pod_template->find("spec") : pod_template;
        pod_template->is_object() && pod != pod_template->end() && pod->is_object()) {
      if (const auto grace =
              ReadNumber(*pod, pod_place, "terminationGracePeriodSeconds", 0, findings)) {
        spec.grace_period_seconds = grace;
      }
    }
    Json filtered = *pod_template;
    FilterPodTemplate(filtered, "spec.template", findings);
    DecodeStruct(filtered, template_place, findings, role.pod_template);
  }
  spec.roles.push_back(std::move(role));
}

}  // namespace

TrainingJob ConvertJob(const Json& manifest, FindingList& findings) {
  TrainingJob job;
  const DecodePlace root;
  const Json top = Filter(manifest, "", kJobFields, findings);
  if (const auto meta = top.find("metadata"); meta != top.end() && !meta->is_null()) {
    DecodeStruct(*meta, DecodePlace{&root, "metadata"}, findings, job.meta);
  }
  const auto spec = top.find("spec");
  const DecodePlace spec_place{&root, "spec"};
  if (spec == top.end() || spec->is_null()) {
    findings.Error("spec", "is missing: the job has no program to run");
  } else if (ExpectObject(*spec, spec_place, findings)) {
    ConvertSpec(Filter(*spec, "spec", kSpecFields, findings), spec_place, findings, job.spec);
  }
  return job;
}

}  // namespace lockstep
