#include "operators/convert/pod_check.h"

#include <algorithm>
#include <set>

#include "operators/convert/quantity.h"

namespace lockstep {
namespace {

constexpr std::string_view kFieldPaths[] = {"metadata.name", "metadata.namespace", "metadata.uid",
                                            "status.podIP",  "status.hostIP",      "spec.nodeName"};
// Kubernetes knows these too.
constexpr std::string_view kOtherFieldPaths[] = {"spec.serviceAccountName", "status.podIPs",
                                                 "status.hostIPs"};
constexpr std::string_view kHostPathTypes[] = {
    "",       "DirectoryOrCreate", "Directory",  "FileOrCreate", "File",
    "Socket", "CharDevice",        "BlockDevice"};
constexpr std::int64_t kPortMax = 65535;
constexpr std::int32_t kModeMax = 0777;

// Names become folders. Kubernetes' rule for names, without its limits of length.
bool IsName(std::string_view name) {
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !name.empty() && name.front() != '.' && name.front() != '-' && name.size() <= 253 &&
         std::ranges::all_of(name, inner);
}

void CheckName(const std::string& name, const std::string& path, FindingList& findings) {
  if (name.empty()) return findings.Error(path, "is missing");
  if (IsName(name)) return;
  findings.Error(path, "\"" + name +
                           "\" is no name: use lower case letters, digits and -, and begin with a "
                           "letter or digit");
}

// Why a path inside a volume is none, or "".
std::string WhyNotInside(std::string_view path) {
  if (path.starts_with('/')) return "must be relative to the volume: leave out the first /";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return "must not leave the volume by ..";
    begin = end + 1;
  }
  return "";
}

void CheckInside(const std::string& text, const std::string& path, FindingList& findings) {
  if (const std::string why = WhyNotInside(text); !why.empty()) {
    findings.Error(path, "\"" + text + "\" " + why);
  }
}

void CheckMode(const std::optional<std::int32_t>& mode, const std::string& path,
               FindingList& findings) {
  if (!mode || (*mode >= 0 && *mode <= kModeMax)) return;
  findings.Error(path, std::to_string(*mode) + " is no mode of a file: use 0 to 0777");
}

// Of a ConfigMap or a Secret.
void CheckFiles(const std::vector<KeyToPath>& items, const std::optional<std::int32_t>& mode,
                const std::string& path, FindingList& findings) {
  CheckMode(mode, FieldPath(path, "defaultMode"), findings);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const KeyToPath& item = items[i];
    const std::string place = ElementPath(FieldPath(path, "items"), i);
    if (item.key.empty()) findings.Error(FieldPath(place, "key"), "is missing");
    if (item.path.empty()) {
      findings.Error(FieldPath(place, "path"), "is missing: which file is the value to be?");
    }
    CheckInside(item.path, FieldPath(place, "path"), findings);
    CheckMode(item.mode, FieldPath(place, "mode"), findings);
  }
}

void CheckVolume(const Volume& volume, const std::string& path, FindingList& findings) {
  CheckName(volume.name, FieldPath(path, "name"), findings);
  const int sources = static_cast<int>(volume.empty_dir.has_value()) +
                      static_cast<int>(volume.host_path.has_value()) +
                      static_cast<int>(volume.config_map.has_value()) +
                      static_cast<int>(volume.secret.has_value()) +
                      static_cast<int>(volume.claim.has_value()) +
                      static_cast<int>(!volume.inline_files.empty());
  if (sources > 1) {
    findings.Error(path, "has " + std::to_string(sources) +
                             " sources: a volume is one of emptyDir, hostPath, configMap, secret, "
                             "persistentVolumeClaim and inlineFiles");
  }
  if (volume.host_path) {
    const std::string place = FieldPath(path, "hostPath");
    const std::string& host = volume.host_path->path;
    if (!host.starts_with('/')) {
      findings.Error(
          FieldPath(place, "path"),
          host.empty() ? "is missing" : "\"" + host + "\" must be absolute: begin it with /");
    }
    if (std::ranges::find(kHostPathTypes, volume.host_path->type) == std::end(kHostPathTypes)) {
      std::string known;
      for (const std::string_view type : kHostPathTypes) {
        if (!type.empty()) known += (known.empty() ? "" : ", ") + std::string(type);
      }
      findings.Error(FieldPath(place, "type"),
                     "\"" + volume.host_path->type + "\" is not known: use " + known);
    }
  }
  if (volume.config_map) {
    const std::string place = FieldPath(path, "configMap");
    CheckName(volume.config_map->name, FieldPath(place, "name"), findings);
    CheckFiles(volume.config_map->items, volume.config_map->default_mode, place, findings);
  }
  if (volume.secret) {
    const std::string place = FieldPath(path, "secret");
    CheckName(volume.secret->secret_name, FieldPath(place, "secretName"), findings);
    CheckFiles(volume.secret->items, volume.secret->default_mode, place, findings);
  }
  for (std::size_t i = 0; i < volume.inline_files.size(); ++i) {
    const InlineFile& file = volume.inline_files[i];
    const std::string place = ElementPath(FieldPath(path, "inlineFiles"), i);
    if (file.path.empty()) findings.Error(FieldPath(place, "path"), "is missing");
    CheckInside(file.path, FieldPath(place, "path"), findings);
    CheckMode(file.mode, FieldPath(place, "mode"), findings);
  }
  if (volume.claim) {
    CheckName(volume.claim->claim_name,
              FieldPath(FieldPath(path, "persistentVolumeClaim"), "claimName"), findings);
  }
}

void CheckMounts(const Container& container, const PodSpec& pod, const std::string& path,
                 FindingList& findings) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < container.volume_mounts.size(); ++i) {
    const VolumeMount& mount = container.volume_mounts[i];
    const std::string place = ElementPath(FieldPath(path, "volumeMounts"), i);
    if (std::ranges::find(pod.volumes, mount.name, &Volume::name) == pod.volumes.end()) {
      findings.Error(FieldPath(place, "name"),
                     mount.name.empty()
                         ? "is missing"
                         : "there is no volume \"" + mount.name + "\" under the pod's volumes");
    }
    const std::string path_place = FieldPath(place, "mountPath");
    if (mount.mount_path.empty()) {
      findings.Error(path_place, "is missing");
    } else if (!mount.mount_path.starts_with('/')) {
      findings.Error(path_place, "\"" + mount.mount_path + "\" must be absolute: begin it with /");
    } else if (!WhyNotInside(mount.mount_path.substr(1)).empty() ||
               mount.mount_path.find_first_not_of('/') == std::string::npos) {
      findings.Error(path_place, "\"" + mount.mount_path + "\": nothing can be mounted there");
    } else if (!seen.insert(mount.mount_path).second) {
      findings.Error(path_place, "\"" + mount.mount_path + "\" is there twice");
    }
    CheckInside(mount.sub_path, FieldPath(place, "subPath"), findings);
  }
}

void CheckFieldPath(const std::string& field, const std::string& path, FindingList& findings) {
  if (std::ranges::find(kFieldPaths, field) != std::end(kFieldPaths)) return;
  for (const std::string_view map : {"labels", "annotations"}) {
    if (KeyOfFieldPath(field, map)) return;
  }
  if (field.empty()) return findings.Error(path, "is missing");
  const std::string message = "\"" + field +
                              "\" is not known here: use metadata.name, metadata.namespace, "
                              "metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], "
                              "spec.nodeName, status.podIP or status.hostIP";
  if (std::ranges::find(kOtherFieldPaths, field) != std::end(kOtherFieldPaths)) {
    findings.Unsupported(path, message);
  } else {
    findings.Error(path, message);
  }
}

void CheckValueFrom(const EnvVar& variable, const std::string& path, FindingList& findings) {
  const EnvVarSource& source = *variable.value_from;
  const std::string place = FieldPath(path, "valueFrom");
  if (!variable.value.empty()) {
    findings.Error(place, "is there beside value: write one of the two");
  }
  const int sources = static_cast<int>(source.field_ref.has_value()) +
                      static_cast<int>(source.config_map_key_ref.has_value()) +
                      static_cast<int>(source.secret_key_ref.has_value());
  if (sources != 1) {
    findings.Error(place, (sources > 1 ? "has " + std::to_string(sources) + " sources"
                                       : std::string("names no source")) +
                              ": write one of fieldRef, configMapKeyRef and secretKeyRef");
  }
  if (source.field_ref) {
    const std::string field = FieldPath(place, "fieldRef");
    CheckFieldPath(source.field_ref->field_path, FieldPath(field, "fieldPath"), findings);
    const std::string& version = source.field_ref->api_version;
    if (!version.empty() && version != "v1") {
      findings.Error(FieldPath(field, "apiVersion"), "\"" + version + "\" is not known: use v1");
    }
  }
  const auto check_key = [&](const auto& ref, const char* field) {
    if (!ref) return;
    CheckName(ref->name, FieldPath(FieldPath(place, field), "name"), findings);
    if (ref->key.empty()) findings.Error(FieldPath(FieldPath(place, field), "key"), "is missing");
  };
  check_key(source.config_map_key_ref, "configMapKeyRef");
  check_key(source.secret_key_ref, "secretKeyRef");
}

void CheckEnv(const Container& container, const std::string& path, FindingList& findings) {
  for (std::size_t i = 0; i < container.env.size(); ++i) {
    const EnvVar& variable = container.env[i];
    const std::string place = ElementPath(FieldPath(path, "env"), i);
    if (variable.name.empty()) {
      findings.Error(FieldPath(place, "name"), "is missing");
    } else if (variable.name.find('=') != std::string::npos) {
      findings.Error(FieldPath(place, "name"),
                     "\"" + variable.name + "\" is no name of a variable: it holds a =");
    }
    if (variable.value_from) CheckValueFrom(variable, place, findings);
  }
  for (std::size_t i = 0; i < container.env_from.size(); ++i) {
    const EnvFromSource& source = container.env_from[i];
    const std::string place = ElementPath(FieldPath(path, "envFrom"), i);
    if (source.config_map_ref.has_value() == source.secret_ref.has_value()) {
      findings.Error(place, source.secret_ref
                                ? "has two sources: write one of configMapRef and secretRef"
                                : "names no source: write configMapRef or secretRef");
    }
    if (source.config_map_ref) {
      CheckName(source.config_map_ref->name, FieldPath(FieldPath(place, "configMapRef"), "name"),
                findings);
    }
    if (source.secret_ref) {
      CheckName(source.secret_ref->name, FieldPath(FieldPath(place, "secretRef"), "name"),
                findings);
    }
    if (source.prefix.find('=') != std::string::npos) {
      findings.Error(FieldPath(place, "prefix"),
                     "\"" + source.prefix + "\" is no part of a variable's name: it holds a =");
    }
  }
}

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

void CheckPorts(const Json& ports, const std::string& path, FindingList& findings) {
  if (ports.is_null()) return;
  if (!ports.is_array()) return findings.Error(path, "expected a list: [{containerPort: 8080}]");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string place = ElementPath(path, i);
    if (!ports[i].is_object()) {
      findings.Error(place, "expected an object: {containerPort: 8080}");
      continue;
    }
    const Json number = ports[i].value("containerPort", Json());
    const bool fits = number.is_number_integer() && number >= 1 && number <= kPortMax;
    if (!fits) {
      findings.Error(FieldPath(place, "containerPort"),
                     (number.is_null() ? "is missing" : number.dump() + " is no port") +
                         ": write a number from 1 to " + std::to_string(kPortMax));
    }
  }
}

void CheckContainer(const Container& container, const PodSpec& pod, const std::string& path,
                    FindingList& findings) {
  CheckPorts(container.ports, FieldPath(path, "ports"), findings);
  CheckEnv(container, path, findings);
  CheckMounts(container, pod, path, findings);
  CheckResources(container.resources, FieldPath(path, "resources"), findings);
}

void CheckCommand(const Container& container, const std::string& path, bool leaves_out,
                  FindingList& findings) {
  if (!container.command.empty()) return;
  if (leaves_out) {
    return findings.Warning(FieldPath(path, "command"),
                            "is missing, so the container is left out: a process has no image to "
                            "take an entry point from; name the program to have it run");
  }
  findings.Unsupported(FieldPath(path, "command"),
                       "is missing: a rank is a process, which has no image to take an entry point "
                       "from; name the program");
}

// The output of a container beside a rank is a file of its name.
void CheckContainers(const PodSpec& pod, const PodRules& rules, const std::string& path,
                     FindingList& findings) {
  if (pod.containers.empty()) return findings.Error(path, "is missing: what does a rank run?");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    const Container& container = pod.containers[i];
    const std::string place = ElementPath(path, i);
    CheckCommand(container, place, rules.leaves_out && i != rules.main, findings);
    CheckContainer(container, pod, place, findings);
    if (i != rules.main) CheckName(container.name, FieldPath(place, "name"), findings);
    if (!container.name.empty() && !names.insert(container.name).second) {
      findings.Error(FieldPath(place, "name"), "\"" + container.name + "\" is there twice");
    }
    if (!container.restart_policy.empty()) {
      findings.Error(FieldPath(place, "restartPolicy"),
                     "is only for initContainers: a rank's is the pod's restartPolicy");
    }
  }
}

// A sidecar's output is a file of its name.
void CheckInitContainer(const Container& container, const PodSpec& pod, const std::string& path,
                        FindingList& findings) {
  CheckCommand(container, path, false, findings);
  CheckContainer(container, pod, path, findings);
  if (container.restart_policy.empty()) return;
  if (container.restart_policy != "Always") {
    findings.Error(FieldPath(path, "restartPolicy"),
                   "\"" + container.restart_policy +
                       "\" is not known: use Always, which makes it a sidecar, or leave it out");
  } else {
    CheckName(container.name, FieldPath(path, "name"), findings);
  }
}

}  // namespace

void CheckPodTemplate(const PodTemplate& pod_template, const std::string& path,
                      FindingList& findings, const PodRules& rules) {
  const PodSpec& pod = pod_template.spec;
  const std::string place = FieldPath(path, "spec");
  CheckContainers(pod, rules, FieldPath(place, "containers"), findings);
  std::set<std::string_view> sidecars;
  for (std::size_t i = 0; i < pod.init_containers.size(); ++i) {
    const Container& init = pod.init_containers[i];
    const std::string init_path = ElementPath(FieldPath(place, "initContainers"), i);
    CheckInitContainer(init, pod, init_path, findings);
    if (!init.restart_policy.empty() && !sidecars.insert(init.name).second) {
      findings.Error(FieldPath(init_path, "name"), "\"" + init.name + "\" is there twice");
    }
  }
  std::set<std::string_view> volumes;
  for (std::size_t i = 0; i < pod.volumes.size(); ++i) {
    const std::string volume_path = ElementPath(FieldPath(place, "volumes"), i);
    CheckVolume(pod.volumes[i], volume_path, findings);
    if (!volumes.insert(pod.volumes[i].name).second) {
      findings.Error(FieldPath(volume_path, "name"),
                     "\"" + pod.volumes[i].name + "\" is there twice");
    }
  }
  if (const std::string& restart = pod.restart_policy;
      !restart.empty() && restart != "Never" && restart != "OnFailure") {
    findings.Error(FieldPath(place, "restartPolicy"),
                   "\"" + restart + "\" is not allowed for a job: use Never or OnFailure");
  }
}

void LeaveOutWithoutCommand(PodSpec& pod) {
  if (pod.containers.empty()) return;
  pod.containers.erase(
      std::remove_if(pod.containers.begin() + 1, pod.containers.end(),
                     [](const Container& container) { return container.command.empty(); }),
      pod.containers.end());
}

}  // namespace lockstep
