// A Job's pods are the ranks of one role. The tables hold the fields that Kubernetes knows: what
// one machine can do without is accepted, what would change the run is refused by path. A refused
// field that says nothing (null, "", [], {}, false) is accepted.
#include <span>

#include "operators/api/decode_visitor.h"
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
      findings.UnknownField(path, name, known);
    } else if (found->treatment == kDecode) {
      kept[name] = value;
    } else if (found->treatment == kRefuse && !SaysNothing(value)) {
      findings.Unsupported(FieldPath(path, name),
                           "is not supported yet: this version cannot honour it; leave it out");
    }
  }
  return kept;
}

std::optional<std::int64_t> ReadNumber(
    const Json& parent, const DecodePlace& place, std::string_view name, std::int64_t min,
    FindingList& findings, std::int64_t max = std::numeric_limits<std::int32_t>::max()) {
  const auto field = parent.find(name);
  if (field == parent.end() || field->is_null()) return {};
  std::int64_t value = min;
  DecodeInteger(*field, DecodePlace{&place, name}, findings, min, max, value);
  return value;
}

// All ranks of a group run at the same time.
std::int32_t RankCount(const Json& spec, const DecodePlace& place, FindingList& findings) {
  const std::size_t before = findings.findings().size();
  const auto parallelism = ReadNumber(spec, place, "parallelism", 1, findings);
  const auto completions = ReadNumber(spec, place, "completions", 1, findings);
  if (findings.findings().size() != before) return 1;  // what did not decode is not compared
  if (completions && *completions != parallelism.value_or(1)) {
    findings.Unsupported(
        "spec.completions",
        "is not supported yet: " + std::to_string(*completions) +
            " completions with a "
            "parallelism of " +
            std::to_string(parallelism.value_or(1)) +
            ": the pods of a job start together as its ranks, so make the two equal");
  }
  return static_cast<std::int32_t>(parallelism.value_or(1));
}

// Read apart: a TrainingJob has it once, not once a role.
Json WithoutGracePeriod(Json pod_template) {
  if (pod_template.is_object() && pod_template.contains("spec") &&
      pod_template["spec"].is_object()) {
    pod_template["spec"].erase("terminationGracePeriodSeconds");
  }
  return pod_template;
}

void ConvertSpec(const Json& json, const DecodePlace& place, FindingList& findings,
                 TrainingJobSpec& spec) {
  JobRole role;
  role.name = "worker";
  role.replicas = RankCount(json, place, findings);
  spec.max_restarts = static_cast<std::int32_t>(
      ReadNumber(json, place, "backoffLimit", 0, findings).value_or(kBackoffLimit));
  spec.active_deadline_seconds = ReadNumber(json, place, "activeDeadlineSeconds", 1, findings,
                                            std::numeric_limits<std::int64_t>::max());
  spec.success_policy = "AllRanks";
  spec.grace_period_seconds = kGracePeriodSeconds;
  const auto mode = json.find("completionMode");
  if (mode != json.end() && !SaysNothing(*mode) && *mode != "Indexed" && *mode != "NonIndexed") {
    findings.Error("spec.completionMode",
                   mode->dump() + " is no completion mode: use Indexed or NonIndexed");
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
    DecodeStruct(WithoutGracePeriod(*pod_template), template_place, findings, role.pod_template);
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
