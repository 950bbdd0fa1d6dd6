// Where the environment of a container comes from, besides values that are written out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

struct FieldRef {
  std::string api_version;
  std::string field_path;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("apiVersion", self.api_version, "v1, or left out.");
    v.Field("fieldPath", self.field_path,
            "metadata.name, .namespace, .uid, .labels['KEY'], .annotations['KEY'], spec.nodeName, "
            "status.podIP or status.hostIP.");
  }
  friend bool operator==(const FieldRef&, const FieldRef&) = default;
};

// The KEY of a field path `metadata.labels['KEY']`, when `map` is "labels"; nullopt when it is
// something else.
std::optional<std::string> KeyOfFieldPath(std::string_view field_path, std::string_view map);

struct ConfigMapKeyRef {
  std::string name;
  std::string key;
  bool optional = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a ConfigMap in the job's namespace.");
    v.Field("key", self.key, "Its key whose value is taken.");
    v.Field("optional", self.optional, "Whether the variable is left out when there is none.");
  }
  friend bool operator==(const ConfigMapKeyRef&, const ConfigMapKeyRef&) = default;
};

struct SecretKeyRef {
  std::string name;
  std::string key;
  bool optional = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a Secret in the job's namespace.");
    v.Field("key", self.key, "Its key whose value is taken.");
    v.Field("optional", self.optional, "Whether the variable is left out when there is none.");
  }
  friend bool operator==(const SecretKeyRef&, const SecretKeyRef&) = default;
};

struct EnvVarSource {
  std::optional<FieldRef> field_ref = {};
  std::optional<ConfigMapKeyRef> config_map_key_ref = {};
  std::optional<SecretKeyRef> secret_key_ref = {};

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("fieldRef", self.field_ref, "A field of the pod.");
    v.Field("configMapKeyRef", self.config_map_key_ref, "A value in a ConfigMap.");
    v.Field("secretKeyRef", self.secret_key_ref, "A value in a Secret.");
    v.Refused("write the number itself: a process has no requests and limits",
              {"resourceFieldRef"});
    v.Refused("let the program read the file", {"fileKeyRef"});
  }
  friend bool operator==(const EnvVarSource&, const EnvVarSource&) = default;
};

struct ConfigMapEnvSource {
  std::string name;
  bool optional = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a ConfigMap in the job's namespace.");
    v.Field("optional", self.optional, "Whether the job starts without it.");
  }
  friend bool operator==(const ConfigMapEnvSource&, const ConfigMapEnvSource&) = default;
};

struct SecretEnvSource {
  std::string name;
  bool optional = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a Secret in the job's namespace.");
    v.Field("optional", self.optional, "Whether the job starts without it.");
  }
  friend bool operator==(const SecretEnvSource&, const SecretEnvSource&) = default;
};

struct EnvFromSource {
  std::string prefix;
  std::optional<ConfigMapEnvSource> config_map_ref = {};
  std::optional<SecretEnvSource> secret_ref = {};

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("prefix", self.prefix, "Goes in front of each key.");
    v.Field("configMapRef", self.config_map_ref, "Each key of this ConfigMap is a variable.");
    v.Field("secretRef", self.secret_ref, "Each key of this Secret is a variable.");
  }
  friend bool operator==(const EnvFromSource&, const EnvFromSource&) = default;
};

}  // namespace lockstep
