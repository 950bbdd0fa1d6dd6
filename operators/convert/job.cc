// A Job's pods are the ranks of one role. The tables hold the fields that Kubernetes knows: what
// one machine can do without is accepted, what would change the run is refused by path. A refused
// field that says nothing (null, "", [], {}, false) is accepted.
#include <algorithm>
#include <span>

#include "operators/api/decode_visitor.h"
#include "operators/convert/pod_check.h"
#include "operators/convert/pod_labels.h"
#include "operators/convert/pod_template.h"
#include "operators/convert/replica_specs.h"
#include "operators/convert/run_policy.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

constexpr std::string_view kIndexVariable = "JOB_COMPLETION_INDEX";

enum class Treatment : std::uint8_t { kDecode, kHarmless, kIgnore, kRefuse };

struct FieldRow {
  std::string_view name;
  Treatment treatment;
  std::string_view why = {};  // it is ignored or refused
};
using enum Treatment;

constexpr FieldRow kJobFields[] = {{"apiVersion", kHarmless},
                                   {"kind", kHarmless},
                                   {"metadata", kDecode},
                                   {"spec", kDecode},
                                   {"status", kHarmless}};
constexpr FieldRow kSpecFields[] = {
    {"template", kDecode},
    {"parallelism", kDecode},
    {"completions", kDecode},
    {"completionMode", kDecode},
    {"backoffLimit", kDecode},
    {"activeDeadlineSeconds", kDecode},
    {"suspend", kDecode},
    {"ttlSecondsAfterFinished", kDecode},
    {"managedBy", kDecode},
    {"selector", kIgnore, "the ranks are the job's own"},
    {"manualSelector", kIgnore, "the ranks are the job's own"},
    {"podReplacementPolicy", kIgnore, "nothing starts again before all ranks have ended"},
    {"podFailurePolicy", kRefuse, "how often a job is tried is what backoffLimit says"},
    {"successPolicy", kRefuse, "a Job ends well when all its ranks do"},
    {"backoffLimitPerIndex", kRefuse, "ranks are started again all together; write backoffLimit"},
    {"maxFailedIndexes", kRefuse, "the first rank that fails ends the try; write backoffLimit"}};

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
                           "is not supported yet: " + std::string(found->why));
    } else if (found->treatment == kIgnore && !SaysNothing(value)) {
      findings.Warning(FieldPath(path, name),
                       "has no effect on one machine: " + std::string(found->why));
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

// All ranks of a group run at the same time. There are never more than completions, as in
// Kubernetes.
std::int32_t RankCount(const Json& spec, const DecodePlace& place, FindingList& findings) {
  const std::size_t before = findings.findings().size();
  const auto parallelism = ReadNumber(spec, place, "parallelism", 1, findings).value_or(1);
  const auto completions = ReadNumber(spec, place, "completions", 1, findings);
  if (findings.findings().size() != before) return 1;  // what did not decode is not compared
  if (completions && *completions > parallelism) {
    findings.Unsupported(
        "spec.completions",
        "is not supported yet: " + std::to_string(*completions) +
            " completions with a parallelism of " + std::to_string(parallelism) +
            ": the pods of a job start together as its ranks, so make the two equal");
  }
  return static_cast<std::int32_t>(std::min(parallelism, completions.value_or(parallelism)));
}

// "Indexed", or "" for NonIndexed.
std::string CompletionMode(const Json& spec, FindingList& findings) {
  const auto mode = spec.find("completionMode");
  if (mode == spec.end() || SaysNothing(*mode) || *mode == "NonIndexed") return "";
  if (*mode == "Indexed") return "Indexed";
  findings.Error("spec.completionMode",
                 mode->dump() + " is no completion mode: use Indexed or NonIndexed");
  return "";
}

// What Kubernetes' job controller writes into the pods of a Job.
void MarkPods(const std::string& name, bool indexed, PodTemplate& pod_template) {
  Labels& labels = pod_template.metadata.labels;
  for (const char* const label : {"job-name", "batch.kubernetes.io/job-name"}) {
    if (!name.empty()) labels[label] = name;
  }
  if (!indexed) return;
  labels[kCompletionIndexLabel] = kIndexToken;
  pod_template.metadata.annotations[kCompletionIndexLabel] = kIndexToken;
  for (auto* const containers :
       {&pod_template.spec.init_containers, &pod_template.spec.containers}) {
    for (Container& container : *containers) {
      if (std::ranges::find(container.env, kIndexVariable, &EnvVar::name) == container.env.end()) {
        container.env.push_back({std::string(kIndexVariable), kIndexToken});
      }
    }
  }
}

void ConvertSpec(const Json& json, const DecodePlace& place, FindingList& findings,
                 TrainingJob& job) {
  TrainingJobSpec& spec = job.spec;
  constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max();
  JobRole role;
  role.name = "worker";
  role.replicas = RankCount(json, place, findings);
  spec.max_restarts = static_cast<std::int32_t>(
      ReadNumber(json, place, "backoffLimit", 0, findings).value_or(kBackoffLimit));
  spec.active_deadline_seconds =
      ReadNumber(json, place, "activeDeadlineSeconds", 1, findings, kSecondsMax);
  spec.ttl_seconds_after_finished = ReadNumber(json, place, "ttlSecondsAfterFinished", 0, findings);
  if (const auto suspend = json.find("suspend"); suspend != json.end() && !suspend->is_null()) {
    DecodeBool(*suspend, DecodePlace{&place, "suspend"}, findings, spec.suspend);
  }
  if (const auto manager = json.find("managedBy"); manager != json.end() && !manager->is_null()) {
    DecodeText(*manager, DecodePlace{&place, "managedBy"}, TextRule::kStrict, findings,
               spec.managed_by);
  }
  spec.success_policy = "AllRanks";
  const bool indexed = CompletionMode(json, findings) == "Indexed";
  spec.grace_period_seconds =
      DecodePodTemplate(json, place, findings, role.pod_template).value_or(kGracePeriodSeconds);
  FindingList rules(findings.document());
  if (json.contains("template") && !json["template"].is_null()) {
    CheckPodTemplate(role.pod_template, "spec.template", rules, {.main = 0, .leaves_out = true});
  }
  for (Finding& finding : WithRules(findings.Take(), rules.Take())) findings.Add(finding);
  LeaveOutWithoutCommand(role.pod_template.spec);
  MarkPods(job.meta.name, indexed, role.pod_template);
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
    ConvertSpec(Filter(*spec, "spec", kSpecFields, findings), spec_place, findings, job);
  }
  return job;
}

}  // namespace lockstep
