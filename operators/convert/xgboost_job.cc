// An XGBoostJob: a master, which is rank 0 and decides, and workers. LightGBM jobs are of this kind
// too.
#include "operators/convert/replica_specs.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

const ReplicaKind& Kind() {
  static const ReplicaKind kind = {.kind = "XGBoostJob",
                                   .field = "xgbReplicaSpecs",
                                   .container = "xgboost",
                                   .port_name = "xgboostjob-port",
                                   .port = 9999,
                                   .restart_policy = "Never",
                                   .operator_name = "xgboostjob-controller",
                                   .types = {{"Master", ReplicaCount::kOneSaid}, {"Worker"}}};
  return kind;
}

}  // namespace

TrainingJob ConvertXgboostJob(const Json& manifest, FindingList& findings) {
  ReplicaJob job(Kind(), manifest, findings);
  job.DecodeOwn();
  job.spec().success_policy = "Rank0";
  if (job.Role("Master") == nullptr) {
    job.rules().Error(job.PathOf("Master"),
                      "is missing: the master is where the workers meet, and decides when the job "
                      "is done; write it, with replicas: 1");
    return job.Finish();
  }
  std::vector<EnvVar> env = {{"MASTER_PORT", PortToken("master", "0")},
                             {"MASTER_ADDR", HostToken("master", "0")},
                             {"WORLD_SIZE", std::to_string(job.Ranks())},
                             {"RANK", kRankToken},
                             {"PYTHONUNBUFFERED", "1"}};
  if (const JobRole* const workers = job.Role("Worker")) {
    std::string hosts;
    for (std::int32_t i = 0; i < workers->replicas; ++i) {
      hosts += (i == 0 ? "" : ",") + HostToken("worker", std::to_string(i));
    }
    env.push_back({"WORKER_PORT", PortToken("worker", "0")});
    env.push_back({"WORKER_ADDRS", hosts});
  }
  for (JobRole& role : job.spec().roles) job.AddToAll(role, env);
  return job.Finish();
}

}  // namespace lockstep
