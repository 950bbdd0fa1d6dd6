// What the jobs of kubeflow.org/v1 have in common: metadata, runPolicy and a map of replica specs,
// one for each type of replica. The roles of the TrainingJob are those types, in lower case; its
// ranks are told their places by the environment that the operator of the kind would give them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/decode_visitor.h"
#include "operators/api/finding_list.h"
#include "operators/api/training_job.h"

namespace lockstep {

// How many replicas of a type there may be.
enum class ReplicaCount : std::uint8_t {
  kSome,     // at least one; one when nothing is written
  kOne,      // one at most; one when nothing is written
  kOneSaid,  // one, and it must be written: the operator takes nothing else
};

struct ReplicaType {
  std::string_view name;  // "Master"
  ReplicaCount count = ReplicaCount::kSome;
};

struct ReplicaKind {
  std::string_view kind;            // "PyTorchJob"
  std::string_view field;           // of spec: "pytorchReplicaSpecs"
  std::string_view container;       // the program of a rank: "pytorch"
  std::string_view port_name;       // of its port
  std::int32_t port;                // when there is none of that name
  std::string_view restart_policy;  // when none is written
  std::string_view operator_name;   // as labels show it
  std::vector<ReplicaType> types;   // in the order of the ranks
  bool any_case = false;            // the operator takes the types' names in any case
  bool namespaced_hosts = false;    // the operator tells ranks JOB-TYPE-N.NAMESPACE.svc
  bool masters_only = false;        // job-role=master is for a Master alone, not for Worker 0
};

// ${lockstep.host:TYPE/INDEX} and ${lockstep.port:TYPE/INDEX}, of a role of the job itself.
std::string HostToken(std::string_view role, const std::string& index);
std::string PortToken(std::string_view role, const std::string& index);
inline constexpr char kIndexToken[] = "${lockstep.index}";
inline constexpr char kRankToken[] = "${lockstep.rank}";

// A manifest on its way to a TrainingJob. What is wrong is in `findings` once Finish was called.
class ReplicaJob {
 public:
  // `kind` and `findings` must outlive it.
  ReplicaJob(const ReplicaKind& kind, const Json& manifest, FindingList& findings);

  // Takes the fields of spec that are the kind's own.
  template <HasFields T>
  void DecodeOwn(T& own) {
    if (!spec_.is_object()) return;
    DecodeStruct(spec_, spec_place_, findings_, own, {"runPolicy", kind_.field});
  }
  void DecodeOwn();  // it has none

  TrainingJobSpec& spec() { return job_.spec; }
  const std::string& name() const { return job_.meta.name; }
  FindingList& rules() { return rules_; }
  // Null: the job has none. `type` as in the kind's types.
  JobRole* Role(std::string_view type);
  // "spec.pytorchReplicaSpecs.Master".
  std::string PathOf(std::string_view type) const;
  std::int64_t Ranks() const;

  // Appends to the variables of every container of a role, or of the rank's program alone. Init
  // containers get none.
  void AddToAll(JobRole& role, const std::vector<EnvVar>& env);
  void AddToProgram(JobRole& role, const std::vector<EnvVar>& env);

  TrainingJob Finish();

 private:
  void TellOfOldPlaces();
  void DecodeSpecs(const Json& specs, const DecodePlace& place);
  void DecodeSpec(const ReplicaType& type, const std::string& key, const Json& json,
                  const DecodePlace& place);
  void CheckCount(const ReplicaType& type, const std::optional<std::int32_t>& written,
                  const std::string& path);
  void CheckContainers(const PodSpec& pod, const std::string& path);
  void SettleRestartPolicy(JobRole& role, const std::string& path);
  void SetPort(JobRole& role, Container& program, const std::string& path);
  void SetNames(JobRole& role);
  void CheckName();

  const ReplicaKind& kind_;
  FindingList& findings_;
  FindingList rules_;  // what is wrong between fields: told unless decoding has told it
  Json spec_;          // null: there is none
  DecodePlace root_;
  DecodePlace spec_place_;
  TrainingJob job_;
  std::vector<std::string> paths_;  // of the roles
};

}  // namespace lockstep
