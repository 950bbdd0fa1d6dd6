// spec.runtimePatches of a TrainJob: changes of its runtime's steps, as Kubernetes' strategic merge
// makes them. Lists of things that have names are merged by them.
#include <algorithm>
#include <set>

#include "operators/api/decode_visitor.h"
#include "operators/convert/train_job.h"

namespace lockstep {
namespace {

constexpr std::size_t kPatchesMax = 16;
constexpr char kPath[] = "spec.runtimePatches";

// By what the elements of a list are told apart; "": the list is replaced.
std::string_view MergeKey(std::string_view list) {
  if (list == "volumeMounts") return "mountPath";
  for (const std::string_view by_name :
       {"containers", "initContainers", "volumes", "env", "imagePullSecrets", "schedulingGates"}) {
    if (list == by_name) return "name";
  }
  return "";
}

void Merge(Json& target, const Json& patch, std::string_view field);

void MergeList(Json& target, const Json& patch, const std::string& key) {
  for (const Json& element : patch) {
    const auto same = std::ranges::find_if(target, [&](const Json& old) {
      return old.is_object() && element.is_object() && old.contains(key) && element.contains(key) &&
             old[key] == element[key];
    });
    if (same == target.end()) {
      target.push_back(element);
    } else {
      Merge(*same, element, "");
    }
  }
}

// `field`: the name of what is merged.
void Merge(Json& target, const Json& patch, std::string_view field) {
  const std::string key(MergeKey(field));
  if (patch.is_array() && target.is_array() && !key.empty()) {
    MergeList(target, patch, key);
  } else if (patch.is_object() && target.is_object()) {
    for (const auto& [name, value] : patch.items()) Merge(target[name], value, name);
  } else {
    target = patch;
  }
}

// The named fields of `json`, as far as there are objects on the way; null: there is nothing.
const Json& At(const Json& json, std::initializer_list<const char*> names) {
  static const Json nothing;
  const Json* at = &json;
  for (const char* const name : names) {
    if (!at->is_object() || !at->contains(name)) return nothing;
    at = &at->at(name);
  }
  return *at;
}

// What the API has in a patch; the rest of a runtime is not for its users to change.
struct KnownFields {
  std::string path;
  const Json& json;
  std::vector<std::string_view> names;
};

void CheckFields(const KnownFields& known, FindingList& findings) {
  if (known.json.is_null()) return;
  if (!known.json.is_object()) return findings.Error(known.path, "expected an object");
  for (const auto& [name, value] : known.json.items()) {
    if (std::ranges::find(known.names, name) == known.names.end()) {
      findings.UnknownField(known.path, name, known.names);
    }
  }
}

void CheckContainers(const Json& patched, const Json& step, const std::string& path,
                     FindingList& findings) {
  const auto names_of = [](const Json& pod, std::set<std::string>& names) {
    for (const char* const list : {"containers", "initContainers"}) {
      for (const Json& container : At(pod, {list})) {
        if (container.is_object() && container.contains("name") && container["name"].is_string()) {
          names.insert(container["name"].get<std::string>());
        }
      }
    }
  };
  std::set<std::string> known;
  names_of(At(step, {"template", "spec", "template", "spec"}), known);
  for (const char* const list : {"containers", "initContainers"}) {
    const Json& containers = At(patched, {list});
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const std::string place = ElementPath(FieldPath(path, list), i);
      CheckFields({place, containers[i], {"name", "env", "volumeMounts", "securityContext"}},
                  findings);
      const Json& name = At(containers[i], {"name"});
      if (!name.is_string() || !known.contains(name.get<std::string>())) {
        findings.Error(FieldPath(place, "name"),
                       name.dump() + " is no container of the runtime's step");
      } else if ((name == kNode || name == kDatasetStep || name == kModelStep) &&
                 !At(containers[i], {"env"}).empty()) {
        findings.Error(FieldPath(place, "env"),
                       "must not be given for the containers dataset-initializer, "
                       "model-initializer and node: write spec.trainer.env or spec.initializer");
      }
    }
  }
}

void CheckPatchedStep(const Json& patch, const Json& step, const std::string& path,
                      FindingList& findings) {
  CheckFields({path, patch, {"name", "template"}}, findings);
  const Json& job = At(patch, {"template"});
  const std::string job_path = FieldPath(path, "template");
  CheckFields({job_path, job, {"metadata", "spec"}}, findings);
  CheckFields({FieldPath(job_path, "spec"), At(job, {"spec"}), {"template"}}, findings);
  const std::string template_path = FieldPath(FieldPath(job_path, "spec"), "template");
  CheckFields({template_path, At(job, {"spec", "template"}), {"metadata", "spec"}}, findings);
  const Json& pod = At(job, {"spec", "template", "spec"});
  const std::string pod_path = FieldPath(template_path, "spec");
  CheckFields(
      {pod_path,
       pod,
       {"serviceAccountName", "nodeSelector", "affinity", "tolerations", "volumes",
        "initContainers", "containers", "schedulingGates", "imagePullSecrets", "securityContext"}},
      findings);
  CheckContainers(pod, step, pod_path, findings);
}

// Merges what one patch says of the runtime's steps.
void ApplyPatch(const Json& patch, const std::string& path, Json& runtime, FindingList& findings) {
  CheckFields({path, patch, {"manager", "time", "trainingRuntimeSpec"}}, findings);
  const Json& spec = At(patch, {"trainingRuntimeSpec"});
  const std::string spec_path = FieldPath(path, "trainingRuntimeSpec");
  CheckFields({spec_path, spec, {"template"}}, findings);
  const std::string set_path = FieldPath(FieldPath(spec_path, "template"), "spec");
  CheckFields({FieldPath(spec_path, "template"), At(spec, {"template"}), {"metadata", "spec"}},
              findings);
  CheckFields({set_path, At(spec, {"template", "spec"}), {"replicatedJobs"}}, findings);
  const Json& jobs = At(spec, {"template", "spec", "replicatedJobs"});
  const Json::json_pointer pointer("/spec/template/spec/replicatedJobs");
  Json nothing = Json::array();
  Json& steps = runtime.contains(pointer) ? runtime[pointer] : nothing;
  for (std::size_t i = 0; i < jobs.size() && jobs.is_array(); ++i) {
    const std::string place = ElementPath(FieldPath(set_path, "replicatedJobs"), i);
    const Json& name = At(jobs[i], {"name"});
    const auto found = std::ranges::find_if(
        steps, [&](const Json& step) { return !name.is_null() && At(step, {"name"}) == name; });
    if (found == steps.end()) {
      findings.Error(FieldPath(place, "name"), name.dump() + " is no step of the runtime");
      continue;
    }
    CheckPatchedStep(jobs[i], *found, place, findings);
    Merge((*found)["template"], At(jobs[i], {"template"}), "template");
  }
}

}  // namespace

Json PatchedRuntime(Json runtime, const Json& patches, FindingList& findings) {
  if (patches.is_null()) return runtime;
  if (!patches.is_array()) {
    findings.Error(kPath, "expected a list");
    return runtime;
  }
  if (patches.size() > kPatchesMax) {
    findings.Error(kPath, "has " + std::to_string(patches.size()) + " patches: at most " +
                              std::to_string(kPatchesMax));
  }
  std::set<std::string> managers;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const std::string place = ElementPath(kPath, i);
    const Json& manager = At(patches[i], {"manager"});
    const std::string name = manager.is_string() ? manager.get<std::string>() : "";
    if (name.empty()) {
      findings.Error(FieldPath(place, "manager"), "is missing: whose patch is it?");
    } else if (name.find('/') == std::string::npos || name.front() == '/' || name.back() == '/') {
      findings.Error(FieldPath(place, "manager"),
                     "\"" + name + "\" must be a domain and a path: example.com/queue");
    } else if (!managers.insert(name).second) {
      findings.Error(FieldPath(place, "manager"), "\"" + name + "\" is there twice");
    }
    ApplyPatch(patches[i], place, runtime, findings);
  }
  return runtime;
}

}  // namespace lockstep
