// What every API object has: metadata and conditions. Each struct lists its fields once, in
// Fields(); visitors (decode.h, encode.h) turn that list into everything else. The third argument
// of Field is user documentation: `lockstep explain` and the CRDs print it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lockstep {

using Labels = std::map<std::string, std::string>;

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("apiVersion", self.api_version, "API version of the owner.");
    v.Field("kind", self.kind, "Kind of the owner.");
    v.Field("name", self.name, "Name of the owner, in the same namespace.");
    v.Field("uid", self.uid, "UID of the owner.");
    v.Field("controller", self.controller, "Whether the owner manages this object.");
    v.Field("blockOwnerDeletion", self.block_owner_deletion,
            "Kept for Kubernetes: here an owner always goes after what depends on it.");
  }
  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

struct ObjectMeta {
  std::string name;
  std::string generate_name;  // kept only to say that a name is wanted
  std::string namespace_;
  std::string uid;               // set by the store
  std::string resource_version;  // set by the store; grows with every write
  std::int64_t generation =
      0;  // set by the store; grows when anything but status and metadata changes
  std::string creation_timestamp;  // RFC 3339, set by the store
  std::string deletion_timestamp;  // set by the store while dependents are being deleted
  Labels labels;
  Labels annotations;
  std::vector<OwnerReference> owner_references;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the object, unique in its namespace and kind.");
    v.Field("generateName", self.generate_name, "Has no effect: objects are named by their user.");
    v.Field("namespace", self.namespace_, "Namespace of the object; `default` when left out.");
    v.Field("uid", self.uid, "Unique over all time. Set by the system.");
    v.Field("resourceVersion", self.resource_version,
            "Changes with each write. Set by the system.");
    v.Field("generation", self.generation, "Counts changes of the spec. Set by the system.");
    v.Field("creationTimestamp", self.creation_timestamp,
            "When the object was created. Set by the system.");
    v.Field("deletionTimestamp", self.deletion_timestamp,
            "When deletion began. Set by the system.");
    v.Field("labels", self.labels, "Key-value pairs to select objects by.");
    v.Field("annotations", self.annotations, "Key-value pairs for tools; not for selection.");
    v.Field("ownerReferences", self.owner_references,
            "Objects this one depends on: it is deleted with them.");
    // What an API server or a controller writes into a fetched object, and has no reader here.
    v.Dropped({"finalizers", "managedFields", "selfLink", "deletionGracePeriodSeconds"});
  }
  friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};

struct Condition {
  std::string type;
  std::string status;  // "True", "False" or "Unknown"
  std::string reason;
  std::string message;
  std::string last_update_time;
  std::string last_transition_time;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("type", self.type, "What the condition is about.");
    v.Field("status", self.status, "True, False or Unknown.");
    v.Field("reason", self.reason, "One word for programs.");
    v.Field("message", self.message, "A sentence for people.");
    v.Field("lastUpdateTime", self.last_update_time, "When the condition was last written.");
    v.Field("lastTransitionTime", self.last_transition_time, "When the status last changed.");
  }
  friend bool operator==(const Condition&, const Condition&) = default;
};

// "kind/namespace/name" identifies an object in a store.
struct ObjectKey {
  std::string kind;
  std::string namespace_;
  std::string name;

  // "Experiment default/random".
  std::string ToString() const { return kind + " " + namespace_ + "/" + name; }
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

// Label of every object that belongs to an Experiment (Katib's name) and to a Trial.
inline constexpr char kExperimentLabel[] = "katib.kubeflow.org/experiment";
inline constexpr char kTrialLabel[] = "katib.kubeflow.org/trial";
// Where `lockstep apply` was run and its PATH: local processes start there unless the container
// says otherwise.
inline constexpr char kWorkingDirAnnotation[] = "lockstep.dev/working-directory";
inline constexpr char kPathAnnotation[] = "lockstep.dev/path";

}  // namespace lockstep
