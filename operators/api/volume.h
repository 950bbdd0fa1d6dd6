// The volumes of a pod, and where a container sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/env_source.h"
#include "operators/codec/json.h"

namespace lockstep {

struct VolumeMount {
  std::string name;
  std::string mount_path;
  std::string sub_path;
  bool read_only = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of one of the pod's volumes.");
    v.Field("mountPath", self.mount_path, "Where the container sees it: an absolute path.");
    v.Field("subPath", self.sub_path, "The folder or file of the volume that is seen there.");
    v.Field("readOnly", self.read_only, "Whether it cannot be written to.");
    v.Refused("write the path itself as subPath", {"subPathExpr"});
    v.Refused("this version cannot honour it; leave it out",
              {"mountPropagation", "recursiveReadOnly"});
  }
  friend bool operator==(const VolumeMount&, const VolumeMount&) = default;
};

struct EmptyDirVolume {
  std::string medium;
  Json size_limit;  // null: not given

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("medium", self.medium, "Empty or Memory; a folder on disk either way.");
    v.Field("sizeLimit", self.size_limit, "Kept, and not enforced.");
  }
  friend bool operator==(const EmptyDirVolume&, const EmptyDirVolume&) = default;
};

struct HostPathVolume {
  std::string path;
  std::string type;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("path", self.path, "An absolute path of this machine.");
    v.Field("type", self.type,
            "What must be there: Directory, File, Socket, CharDevice or BlockDevice; or is made: "
            "DirectoryOrCreate, FileOrCreate. Empty: anything.");
  }
  friend bool operator==(const HostPathVolume&, const HostPathVolume&) = default;
};

struct KeyToPath {
  std::string key;
  std::string path;
  std::optional<std::int32_t> mode;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("key", self.key, "A key of the ConfigMap.");
    v.Field("path", self.path, "Its file in the volume: a relative path.");
    v.Field("mode", self.mode, "Permissions of the file; default defaultMode.");
  }
  friend bool operator==(const KeyToPath&, const KeyToPath&) = default;
};

struct ConfigMapVolume {
  std::string name;
  std::vector<KeyToPath> items;  // empty: every key, in a file of its name
  std::optional<std::int32_t> default_mode;
  bool optional = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of a ConfigMap in the job's namespace.");
    v.Field("items", self.items, "Which keys become which files; all, when left out.");
    v.Field("defaultMode", self.default_mode, "Permissions of the files; default 0644.");
    v.Field("optional", self.optional, "Whether the job starts without it.");
  }
  friend bool operator==(const ConfigMapVolume&, const ConfigMapVolume&) = default;
};

struct SecretVolume {
  std::string secret_name;
  std::vector<KeyToPath> items;  // empty: every key, in a file of its name
  std::optional<std::int32_t> default_mode;
  bool optional = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("secretName", self.secret_name, "Name of a Secret in the job's namespace.");
    v.Field("items", self.items, "Which keys become which files; all, when left out.");
    v.Field("defaultMode", self.default_mode, "Permissions of the files; default 0644.");
    v.Field("optional", self.optional, "Whether the job starts without it.");
  }
  friend bool operator==(const SecretVolume&, const SecretVolume&) = default;
};

struct ClaimVolume {
  std::string claim_name;
  bool read_only = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("claimName", self.claim_name,
            "A folder of this name is kept for the namespace, and survives the job.");
    v.Field("readOnly", self.read_only, "Whether it cannot be written to.");
  }
  friend bool operator==(const ClaimVolume&, const ClaimVolume&) = default;
};

struct InlineFile {
  std::string path;  // in the volume
  std::string text;
  std::optional<std::string> local_text = {};
  std::optional<std::int32_t> mode = {};

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("path", self.path, "The file in the volume: a relative path.");
    v.Field("text", self.text, "What it holds, with the tokens of a job.");
    v.Field("localText", self.local_text, "In its place where all ranks run on one machine.");
    v.Field("mode", self.mode, "Permissions of the file; default 0644.");
  }
  friend bool operator==(const InlineFile&, const InlineFile&) = default;
};

struct Volume {
  std::string name;
  std::optional<EmptyDirVolume> empty_dir = {};  // also when there is no source
  std::optional<HostPathVolume> host_path = {};
  std::optional<ConfigMapVolume> config_map = {};
  std::optional<ClaimVolume> claim = {};
  std::vector<InlineFile> inline_files = {};
  std::optional<SecretVolume> secret = {};

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the volume, unique in the pod.");
    v.Field("emptyDir", self.empty_dir, "A new folder for each rank, which ends with the job.");
    v.Field("hostPath", self.host_path, "A folder or file of this machine.");
    v.Field("configMap", self.config_map, "The values of a ConfigMap, as files.");
    v.Field("persistentVolumeClaim", self.claim, "A folder that survives the job.");
    v.Field("inlineFiles", self.inline_files, "Files whose text is in the job; a Lockstep field.");
    v.Field("secret", self.secret, "The values of a Secret, as files.");
    v.Refused("write each of its sources as a volume of its own", {"projected"});
    v.Refused("take the fields as environment variables: valueFrom.fieldRef", {"downwardAPI"});
    v.Refused("mount it on this machine and name the path as hostPath", {"nfs",
                                                                         "csi",
                                                                         "ephemeral",
                                                                         "iscsi",
                                                                         "glusterfs",
                                                                         "rbd",
                                                                         "flexVolume",
                                                                         "cinder",
                                                                         "cephfs",
                                                                         "flocker",
                                                                         "fc",
                                                                         "azureFile",
                                                                         "azureDisk",
                                                                         "vsphereVolume",
                                                                         "quobyte",
                                                                         "portworxVolume",
                                                                         "scaleIO",
                                                                         "storageos",
                                                                         "photonPersistentDisk",
                                                                         "gcePersistentDisk",
                                                                         "awsElasticBlockStore",
                                                                         "gitRepo",
                                                                         "image"});
  }
  friend bool operator==(const Volume&, const Volume&) = default;
};

}  // namespace lockstep
