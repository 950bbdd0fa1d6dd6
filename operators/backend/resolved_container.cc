#include "operators/backend/resolved_container.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "operators/codec/base64.h"

namespace lockstep {
namespace {

constexpr unsigned kFileMode = 0644;
// Kubernetes has it on the pods of Indexed Jobs, as a label and an annotation; here every rank has.
constexpr std::string_view kCompletionIndex = "batch.kubernetes.io/job-completion-index";

// Kubernetes' IsEnvVarName.
bool IsVariableName(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, fits);
}

std::string WithoutExpansion(const std::string& value) {
  std::string doubled;
  for (const char c : value) doubled.append(c == '$' ? 2 : 1, c);
  return doubled;
}

std::string ValueOf(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

// nullopt: it is not there, and need not be.
Result<std::optional<ConfigMap>> FindMap(const PodView& view, const std::string& path,
                                         const std::string& name, bool optional) {
  Result<ConfigMap> map = view.config_maps(view.job.namespace_, name);
  if (map.ok()) return std::optional<ConfigMap>(*std::move(map));
  if (map.status().kind() != StatusKind::kNotFound) return map.status();
  if (optional) return std::optional<ConfigMap>();
  return NotFound(path + ": there is no ConfigMap " + view.job.namespace_ + "/" + name +
                  ": apply it, and the job starts");
}

Status NoSuchKey(const PodView& view, const std::string& path, const std::string& name,
                 const std::string& key) {
  return NotFound(path + ": the ConfigMap " + view.job.namespace_ + "/" + name + " has no key \"" +
                  key + "\": add it, and the job starts");
}

Result<std::string> FieldOf(const PodView& view, const std::string& path,
                            const std::string& field) {
  if (field == "metadata.name") return view.job.name;
  if (field == "metadata.namespace") return view.job.namespace_;
  if (field == "metadata.uid") return view.job.uid;
  if (field == "spec.nodeName") return view.node_name;
  if (field == "status.podIP" || field == "status.hostIP") return std::string("127.0.0.1");
  // The pod's own come first; a label that is nowhere is "", as in Kubernetes.
  for (const auto& [map, of_pod, of_job] :
       {std::tuple{"labels", &view.pod.labels, &view.job.labels},
        std::tuple{"annotations", &view.pod.annotations, &view.job.annotations}}) {
    const std::optional<std::string> key = KeyOfFieldPath(field, map);
    if (key == kCompletionIndex) return std::string("${lockstep.index}");
    if (key) return of_pod->contains(*key) ? of_pod->at(*key) : ValueOf(*of_job, *key);
  }
  return InvalidArgument(path + ": \"" + field + "\" is not known here");
}

// nullopt: the variable is left out.
Result<std::optional<std::string>> Look(const PodView& view, const std::string& path,
                                        const EnvVarSource& source) {
  if (source.field_ref) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::string value, FieldOf(view, path + ".fieldRef.fieldPath",
                                                         source.field_ref->field_path));
    return std::optional<std::string>(std::move(value));
  }
  if (!source.config_map_key_ref) return InvalidArgument(path + ": names no source");
  const ConfigMapKeyRef& ref = *source.config_map_key_ref;
  const std::string place = path + ".configMapKeyRef";
  LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<ConfigMap> map,
                            FindMap(view, place, ref.name, ref.optional));
  if (!map) return std::optional<std::string>();
  const auto value = map->data.find(ref.key);
  if (value != map->data.end()) return std::optional<std::string>(value->second);
  if (ref.optional) return std::optional<std::string>();
  return NoSuchKey(view, place, ref.name, ref.key);
}

std::string Element(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

}  // namespace

Status ResolveEnvironment(const PodView& view, const std::string& path, Container* container) {
  std::vector<EnvVar> env;
  for (std::size_t i = 0; i < container->env_from.size(); ++i) {
    const EnvFromSource& source = container->env_from[i];
    const std::string place = Element(path + ".envFrom", i);
    if (!source.config_map_ref) return InvalidArgument(place + ": names no source");
    LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<ConfigMap> map,
                              FindMap(view, place + ".configMapRef", source.config_map_ref->name,
                                      source.config_map_ref->optional));
    if (!map) continue;
    for (const auto& [key, value] : map->data) {
      if (!IsVariableName(source.prefix + key)) continue;
      env.push_back({source.prefix + key, WithoutExpansion(value)});
    }
  }
  for (std::size_t i = 0; i < container->env.size(); ++i) {
    EnvVar& variable = container->env[i];
    if (variable.value_from) {
      const std::string place = Element(path + ".env", i) + ".valueFrom";
      LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                                Look(view, place, *variable.value_from));
      if (!value) continue;
      variable.value = WithoutExpansion(*value);
      variable.value_from.reset();
    }
    env.push_back(std::move(variable));
  }
  container->env = std::move(env);
  container->env_from.clear();
  return OkStatus();
}

Result<std::vector<VolumeFile>> ResolveFiles(const PodView& view, const std::string& path,
                                             const ConfigMapVolume& volume) {
  std::vector<VolumeFile> files;
  const std::string place = path + ".configMap";
  LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<ConfigMap> map,
                            FindMap(view, place, volume.name, volume.optional));
  if (!map) return files;
  std::map<std::string, std::string> values = map->data;
  for (const auto& [key, text] : map->binary_data) {
    LOCKSTEP_ASSIGN_OR_RETURN(values[key], DecodeBase64(text));
  }
  const unsigned mode =
      volume.default_mode ? static_cast<unsigned>(*volume.default_mode) : kFileMode;
  if (volume.items.empty()) {
    for (auto& [key, bytes] : values) files.push_back({key, std::move(bytes), mode});
    return files;
  }
  for (std::size_t i = 0; i < volume.items.size(); ++i) {
    const KeyToPath& item = volume.items[i];
    const auto value = values.find(item.key);
    if (value == values.end()) {
      if (volume.optional) continue;
      return NoSuchKey(view, Element(place + ".items", i) + ".key", volume.name, item.key);
    }
    files.push_back(
        {item.path, value->second, item.mode ? static_cast<unsigned>(*item.mode) : mode});
  }
  std::ranges::sort(files, {}, &VolumeFile::path);
  return files;
}

}  // namespace lockstep
