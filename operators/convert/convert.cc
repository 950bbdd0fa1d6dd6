#include "operators/convert/convert.h"

#include "operators/api/did_you_mean.h"
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

std::string TextOf(const Json& json, const char* name) {
  if (!json.is_object()) return "";
  const auto field = json.find(name);
  return field != json.end() && field->is_string() ? field->get<std::string>() : "";
}

void CheckRole(const JobRole& role, const std::string& path, FindingList& findings) {
  if (role.replicas < 1) {
    findings.Error(FieldPath(path, "replicas"), "a role needs at least one rank");
  }
  const std::string pod = FieldPath(FieldPath(path, "template"), "spec");
  const auto& containers = role.pod_template.spec.containers;
  const std::string containers_path = FieldPath(pod, "containers");
  if (containers.size() != 1) {
    findings.Error(containers_path, "a rank is exactly one container, found " +
                                        std::to_string(containers.size()) +
                                        (containers.empty() ? "" : ": sidecars are not supported"));
  } else if (containers[0].command.empty()) {
    findings.Error(FieldPath(ElementPath(containers_path, 0), "command"),
                   "is missing: processes do not run an image's entry point, so name the program");
  }
  const auto& init = role.pod_template.spec.init_containers;
  for (std::size_t i = 0; i < init.size(); ++i) {
    if (init[i].command.empty()) {
      findings.Error(FieldPath(ElementPath(FieldPath(pod, "initContainers"), i), "command"),
                     "is missing: processes do not run an image's entry point");
    }
  }
  const std::string& restart = role.pod_template.spec.restart_policy;
  if (!restart.empty() && restart != "Never" && restart != "OnFailure") {
    findings.Error(FieldPath(pod, "restartPolicy"),
                   "\"" + restart + "\" is not allowed for a job: use Never or OnFailure");
  }
}

}  // namespace

Result<Converted> ConvertToTrainingJob(const Document& document) {
  const std::string kind = TextOf(document.value, "kind");
  const std::string api_version = TextOf(document.value, "apiVersion");
  std::string known;
  for (const KindRow& row : kKinds) {
    if (row.kind != kind || row.api_version != api_version) {
      known +=
          (known.empty() ? "" : ", ") + std::string(row.api_version) + " " + std::string(row.kind);
      continue;
    }
    FindingList findings(&document);
    TrainingJob job = row.convert(document.value, findings);
    // Without its own finding a role path would point at a field the user did not write.
    const bool native = row.kind == TrainingJob::kKind;
    if (native && job.spec.roles.empty()) findings.Error("spec.roles", "a job needs a role");
    for (std::size_t i = 0; i < job.spec.roles.size() && findings.findings().empty(); ++i) {
      CheckRole(job.spec.roles[i], native ? ElementPath("spec.roles", i) : "spec", findings);
    }
    return Converted{std::move(job), findings.Take()};
  }
  return InvalidArgument("\"" + api_version + " " + kind +
                         "\" is not a kind of job that this version runs: use " + known);
}

}  // namespace lockstep
