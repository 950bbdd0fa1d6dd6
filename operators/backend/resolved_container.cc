#include "operators/backend/resolved_container.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "operators/codec/base64.h"
#include "runtime/base/check.h"

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
  return !name.empty() && (name[0] < '0' || name[0] > '9') && std::ranges::all_of(name, fits);
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

using Values = std::map<std::string, std::string>;

constexpr char kConfigMap[] = "ConfigMap";
constexpr char kSecret[] = "Secret";

// What a reference names.
struct SourceName {
  const char* kind;
  const std::string& name;
  bool optional;
};

// What a ConfigMap or a Secret holds as text, and for files also as bytes.
enum class Wanted : bool { kText, kFiles };

Result<Values> BytesOf(const std::map<std::string, std::string>& base64) {
  Values values;
  for (const auto& [key, text] : base64) {
    Result<std::string> bytes = DecodeBase64(text);
    if (!bytes.ok()) return InvalidArgument("its key " + key + " holds no base64");
    values[key] = *std::move(bytes);
  }
  return values;
}

Result<Values> Find(const PodView& view, const SourceName& source, Wanted wanted) {
  if (source.kind == kSecret) {
    if (!view.secrets) return NotFound("there are no Secrets");
    LOCKSTEP_ASSIGN_OR_RETURN(const Secret secret, view.secrets(view.job.namespace_, source.name));
    return BytesOf(secret.data);
  }
  LOCKSTEP_ASSIGN_OR_RETURN(ConfigMap map, view.config_maps(view.job.namespace_, source.name));
  if (wanted == Wanted::kFiles) {
    LOCKSTEP_ASSIGN_OR_RETURN(Values bytes, BytesOf(map.binary_data));
    map.data.merge(bytes);
  }
  return std::move(map.data);
}

std::string Named(const PodView& view, const SourceName& source) {
  return std::string(source.kind) + " " + view.job.namespace_ + "/" + source.name;
}

// nullopt: it is not there, and need not be.
Result<std::optional<Values>> FindValues(const PodView& view, const std::string& path,
                                         const SourceName& source, Wanted wanted) {
  Result<Values> values = Find(view, source, wanted);
  if (values.ok()) return std::optional<Values>(*std::move(values));
  if (values.status().kind() != StatusKind::kNotFound) {
    return values.status().WithContext(path + ": the " + Named(view, source));
  }
  if (source.optional) return std::optional<Values>();
  return NotFound(path + ": there is no " + Named(view, source) + ": apply it, and the job starts");
}

Status NoSuchKey(const PodView& view, const std::string& path, const SourceName& source,
                 const std::string& key) {
  return NotFound(path + ": the " + Named(view, source) + " has no key \"" + key +
                  "\": add it, and the job starts");
}

// A Secret may hold any bytes, a variable not.
Status CheckText(const PodView& view, const std::string& path, const SourceName& source,
                 const std::string& key, const std::string& value) {
  const Json json = value;
  const bool is_utf8 = json.dump(-1, ' ', false, Json::error_handler_t::ignore) ==
                       json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (is_utf8 && value.find('\0') == std::string::npos) return OkStatus();
  return InvalidArgument(path + ": the key \"" + key + "\" of the " + Named(view, source) +
                         " holds bytes that are no text: mount it as a file, under volumes");
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
Result<std::optional<std::string>> LookUpKey(const PodView& view, const std::string& path,
                                             const SourceName& source, const std::string& key) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<Values> values,
                            FindValues(view, path, source, Wanted::kText));
  if (!values) return std::optional<std::string>();
  const auto value = values->find(key);
  if (value == values->end()) {
    if (source.optional) return std::optional<std::string>();
    return NoSuchKey(view, path, source, key);
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckText(view, path, source, key, value->second));
  return std::optional<std::string>(value->second);
}

// nullopt: the variable is left out.
Result<std::optional<std::string>> Look(const PodView& view, const std::string& path,
                                        const EnvVarSource& source) {
  if (source.field_ref) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::string value, FieldOf(view, path + ".fieldRef.fieldPath",
                                                         source.field_ref->field_path));
    return std::optional<std::string>(std::move(value));
  }
  if (const auto& ref = source.config_map_key_ref) {
    return LookUpKey(view, path + ".configMapKeyRef", {kConfigMap, ref->name, ref->optional},
                     ref->key);
  }
  if (const auto& ref = source.secret_key_ref) {
    return LookUpKey(view, path + ".secretKeyRef", {kSecret, ref->name, ref->optional}, ref->key);
  }
  return InvalidArgument(path + ": names no source");
}

std::string Element(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

// Every key that is a name.
Status AddVariables(const PodView& view, const std::string& path, const SourceName& source,
                    const std::string& prefix, std::vector<EnvVar>* env) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<Values> values,
                            FindValues(view, path, source, Wanted::kText));
  if (!values) return OkStatus();
  for (const auto& [key, value] : *values) {
    if (!IsVariableName(prefix + key)) continue;
    LOCKSTEP_RETURN_IF_ERROR(CheckText(view, path, source, key, value));
    env->push_back({prefix + key, WithoutExpansion(value)});
  }
  return OkStatus();
}

// `path` is that of the volume's source.
Result<std::vector<VolumeFile>> FilesOf(const PodView& view, const std::string& path,
                                        const SourceName& source,
                                        const std::vector<KeyToPath>& items,
                                        const std::optional<std::int32_t>& default_mode) {
  std::vector<VolumeFile> files;
  LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Values> values,
                            FindValues(view, path, source, Wanted::kFiles));
  if (!values) return files;
  const unsigned mode = default_mode ? static_cast<unsigned>(*default_mode) : kFileMode;
  if (items.empty()) {
    for (auto& [key, bytes] : *values) files.push_back({key, std::move(bytes), mode});
    return files;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const KeyToPath& item = items[i];
    const auto value = values->find(item.key);
    if (value == values->end()) {
      if (source.optional) continue;
      return NoSuchKey(view, Element(path + ".items", i) + ".key", source, item.key);
    }
    files.push_back(
        {item.path, value->second, item.mode ? static_cast<unsigned>(*item.mode) : mode});
  }
  std::ranges::sort(files, {}, &VolumeFile::path);
  return files;
}

}  // namespace

Status ResolveEnvironment(const PodView& view, const std::string& path, Container* container) {
  std::vector<EnvVar> env;
  for (std::size_t i = 0; i < container->env_from.size(); ++i) {
    const EnvFromSource& source = container->env_from[i];
    const std::string place = Element(path + ".envFrom", i);
    if (const auto& ref = source.config_map_ref) {
      const SourceName named{kConfigMap, ref->name, ref->optional};
      LOCKSTEP_RETURN_IF_ERROR(
          AddVariables(view, place + ".configMapRef", named, source.prefix, &env));
    } else if (const auto& secret = source.secret_ref) {
      const SourceName named{kSecret, secret->name, secret->optional};
      LOCKSTEP_RETURN_IF_ERROR(
          AddVariables(view, place + ".secretRef", named, source.prefix, &env));
    } else {
      return InvalidArgument(place + ": names no source");
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
                                             const Volume& volume) {
  if (const auto& map = volume.config_map) {
    return FilesOf(view, path + ".configMap", {kConfigMap, map->name, map->optional}, map->items,
                   map->default_mode);
  }
  CHECK(volume.secret) << path << " holds no files";
  const SecretVolume& secret = *volume.secret;
  return FilesOf(view, path + ".secret", {kSecret, secret.secret_name, secret.optional},
                 secret.items, secret.default_mode);
}

}  // namespace lockstep
