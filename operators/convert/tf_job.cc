// A TFJob: a chief or master, parameter servers, workers and evaluators, which TF_CONFIG tells
// about each other.
#include <map>

#include "operators/convert/replica_specs.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

const ReplicaKind& Kind() {
  static const ReplicaKind kind = {.kind = "TFJob",
                                   .field = "tfReplicaSpecs",
                                   .container = "tensorflow",
                                   .port_name = "tfjob-port",
                                   .port = 2222,
                                   .restart_policy = "Never",
                                   .operator_name = "tfjob-controller",
                                   .types = {{"Chief", ReplicaCount::kOne},
                                             {"Master", ReplicaCount::kOne},
                                             {"Worker"},
                                             {"PS"},
                                             {"Evaluator"}},
                                   .any_case = true,
                                   .namespaced_hosts = true};
  return kind;
}

struct TfSpec {
  std::string success_policy;
  bool enable_dynamic_worker = false;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("successPolicy", self.success_policy, "Empty or AllWorkers.");
    v.Field("enableDynamicWorker", self.enable_dynamic_worker,
            "Whether a worker is told of itself and the parameter servers alone.");
  }
};

std::string Address(const std::string& role, const std::string& index) {
  return "\"" + HostToken(role, index) + ":" + PortToken(role, index) + "\"";
}

std::string Addresses(const JobRole& role) {
  std::string list;
  for (std::int32_t i = 0; i < role.replicas; ++i) {
    list += (i == 0 ? "" : ",") + Address(role.name, std::to_string(i));
  }
  return "[" + list + "]";
}

std::string Cluster(const TrainingJobSpec& spec) {
  std::map<std::string, std::string> lists;  // in the order of names, as the operator writes it
  for (const JobRole& role : spec.roles) lists[role.name] = Addresses(role);
  std::string text;
  for (const auto& [name, list] : lists) {
    text += (text.empty() ? "\"" : ",\"") + name + "\":" + list;
  }
  return "{" + text + "}";
}

// What a replica is told where workers come and go: itself and, a worker, the parameter servers.
std::string SparseCluster(const JobRole& role, const JobRole* servers) {
  std::string worker;
  std::string ps = "[]";
  if (role.name == "ps") {
    ps = "[" + Address(role.name, kIndexToken) + "]";
  } else if (role.name == "worker") {
    worker = std::string("\"") + kIndexToken + "\":" + Address(role.name, kIndexToken);
    ps = servers == nullptr ? "null" : Addresses(*servers);
  }
  return "{\"worker\":{" + worker + "},\"ps\":" + ps + "}";
}

void CheckRoles(ReplicaJob& job, const std::string& success_policy) {
  if (job.Role("Chief") != nullptr && job.Role("Master") != nullptr) {
    job.rules().Error("spec.tfReplicaSpecs",
                      "has a Chief and a Master: one of the two decides when the job is done; "
                      "leave one out");
  }
  const bool decided = job.Role("Chief") != nullptr || job.Role("Master") != nullptr ||
                       job.Role("Worker") != nullptr;
  if (!decided && !job.spec().roles.empty()) {
    job.rules().Error("spec.tfReplicaSpecs",
                      "has no Chief, Master or Worker: nothing would say when the job is done");
  }
  if (!success_policy.empty() && success_policy != "AllWorkers") {
    job.rules().Error("spec.successPolicy",
                      "\"" + success_policy +
                          "\" is no success policy: use AllWorkers, or leave it out for worker 0");
  }
}

}  // namespace

TrainingJob ConvertTfJob(const Json& manifest, FindingList& findings) {
  ReplicaJob job(Kind(), manifest, findings);
  TfSpec own;
  job.DecodeOwn(own);
  CheckRoles(job, own.success_policy);
  const bool led = job.Role("Chief") != nullptr || job.Role("Master") != nullptr;
  job.spec().success_policy = !led && own.success_policy == "AllWorkers" ? "FirstRole" : "Rank0";
  if (job.Ranks() == 1) return job.Finish();  // it is alone: the operator tells it nothing
  const std::string cluster = Cluster(job.spec());
  for (JobRole& role : job.spec().roles) {
    const std::string task = "{\"type\":\"" + role.name + "\",\"index\":" + kIndexToken + "}";
    const std::string config =
        own.enable_dynamic_worker
            ? "{\"cluster\":" + SparseCluster(role, job.Role("PS")) + ",\"task\":" + task + "}"
            : "{\"cluster\":" + cluster + ",\"task\":" + task + ",\"environment\":\"cloud\"}";
    job.AddToProgram(role, {{"TF_CONFIG", config}});
  }
  return job.Finish();
}

}  // namespace lockstep
