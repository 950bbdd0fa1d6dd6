#include "operators/convert/convert.h"

#include "operators/codec/text_field.h"
#include "operators/convert/quantity.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

struct KindRow {
  std::string_view api_version;
  std::string_view kind;
  TrainingJob (*convert)(const Json& manifest, FindingList& findings);
};

constexpr KindRow kKinds[] = {
    {"batch/v1", "Job", ConvertJob},
    {TrainingJob::kApiVersion, TrainingJob::kKind, ConvertTrainingJob},
};

void CheckResources(const Json& resources, const std::string& path, FindingList& findings) {
  if (resources.is_null()) return;
  if (!resources.is_object()) return findings.Error(path, "expected an object");
  for (const auto& [name, amounts] : resources.items()) {
    const std::string place = FieldPath(path, name);
    if (name == "claims" && amounts.empty()) continue;
    if (name != "limits" && name != "requests") {
      findings.UnknownField(path, name, {"limits", "requests"});
    } else if (!amounts.is_object() && !amounts.is_null()) {
      findings.Error(place, "expected an object: {cpu: \"1\", memory: 2Gi}");
    } else {
      for (const auto& [resource, amount] : amounts.items()) {
        if (IsQuantity(amount)) continue;
        findings.Error(FieldPath(place, resource),
                       amount.dump() +
                           " is no quantity: write a number of at least 0, with a "
                           "suffix if need be: 2, 500m, 1.5Gi");
      }
    }
  }
}

void CheckContainer(const Container& container, const std::string& path, FindingList& findings) {
  if (container.command.empty()) {
    findings.Error(FieldPath(path, "command"),
                   "is missing: a rank is a process, which has no image to take an entry point "
                   "from; name the program");
  }
  for (std::size_t i = 0; i < container.env.size(); ++i) {
    if (!container.env[i].name.empty() && container.env[i].name.find('=') == std::string::npos) {
      continue;
    }
    findings.Error(FieldPath(ElementPath(FieldPath(path, "env"), i), "name"),
                   container.env[i].name.empty() ? "is missing"
                                                 : "\"" + container.env[i].name +
                                                       "\" is no name of a variable: it holds a =");
  }
  CheckResources(container.resources, FieldPath(path, "resources"), findings);
}

void CheckRole(const JobRole& role, const std::string& path, FindingList& findings) {
  if (role.replicas < 1) {
    findings.Error(FieldPath(path, "replicas"),
                   "is " + std::to_string(role.replicas) + ": a role needs at least one rank");
  }
  const std::string pod = FieldPath(FieldPath(path, "template"), "spec");
  const auto& containers = role.pod_template.spec.containers;
  const std::string containers_path = FieldPath(pod, "containers");
  if (containers.size() != 1) {
    findings.Error(containers_path,
                   containers.empty()
                       ? "is missing: what does a rank run?"
                       : "has " + std::to_string(containers.size()) +
                             " containers: a rank is exactly one, sidecars are not supported yet");
  }
  for (std::size_t i = 0; i < containers.size(); ++i) {
    CheckContainer(containers[i], ElementPath(containers_path, i), findings);
  }
  const auto& init = role.pod_template.spec.init_containers;
  for (std::size_t i = 0; i < init.size(); ++i) {
    CheckContainer(init[i], ElementPath(FieldPath(pod, "initContainers"), i), findings);
  }
  const std::string& restart = role.pod_template.spec.restart_policy;
  if (!restart.empty() && restart != "Never" && restart != "OnFailure") {
    findings.Error(FieldPath(pod, "restartPolicy"),
                   "\"" + restart + "\" is not allowed for a job: use Never or OnFailure");
  }
}

}  // namespace

Result<Converted> ConvertToTrainingJob(const Document& document) {
  const std::string kind = TextField(document.value, "kind");
  const std::string api_version = TextField(document.value, "apiVersion");
  std::string known;
  for (const KindRow& row : kKinds) {
    if (row.kind != kind || row.api_version != api_version) {
      known +=
          (known.empty() ? "" : ", ") + std::string(row.api_version) + " " + std::string(row.kind);
      continue;
    }
    FindingList findings(&document);
    TrainingJob job = row.convert(document.value, findings);
    const bool native = row.kind == TrainingJob::kKind;
    FindingList rules(&document);
    if (native && job.spec.roles.empty()) {
      rules.Error("spec.roles", "is missing: a job needs a role, which says what its ranks run");
    }
    for (std::size_t i = 0; i < job.spec.roles.size(); ++i) {
      CheckRole(job.spec.roles[i], native ? ElementPath("spec.roles", i) : "spec", rules);
    }
    return Converted{std::move(job), WithRules(findings.Take(), rules.Take())};
  }
  return InvalidArgument("\"" + api_version + " " + kind +
                         "\" is not a kind of job that this version runs: use " + known);
}

}  // namespace lockstep
