// A PaddleJob: workers that find each other at worker 0 (collective), or masters, which are the
// parameter servers, and workers that train.
#include "operators/convert/replica_specs.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

const ReplicaKind& Kind() {
  static const ReplicaKind kind = {.kind = "PaddleJob",
                                   .field = "paddleReplicaSpecs",
                                   .container = "paddle",
                                   .port_name = "master",
                                   .port = 36543,
                                   .restart_policy = "OnFailure",
                                   .operator_name = "paddlejob-controller",
                                   .types = {{"Master"}, {"Worker"}},
                                   .masters_only = true};
  return kind;
}

// Where the launchers of a job meet. The one that is to serve must be told its own address as a
// number, not as a name: Paddle compares the two as text. The operator tells replica 0 so, and the
// others the host; on one machine they have one address, so a role is told the same.
std::vector<EnvVar> Meeting(const std::string& role, bool serves) {
  const std::string port = PortToken(role, "0");
  if (!serves) return {{"PADDLE_MASTER", HostToken(role, "0") + ":" + port}};
  EnvVarSource address;
  address.field_ref = FieldRef{.api_version = "", .field_path = "status.podIP"};
  return {{"POD_IP_DUMMY", "", std::move(address)}, {"PADDLE_MASTER", "$(POD_IP_DUMMY):" + port}};
}

}  // namespace

TrainingJob ConvertPaddleJob(const Json& manifest, FindingList& findings) {
  ReplicaJob job(Kind(), manifest, findings);
  job.DecodeOwn();
  const bool servers = job.Role("Master") != nullptr;
  job.spec().success_policy = servers ? "FirstRole" : "AllRanks";
  for (JobRole& role : job.spec().roles) {
    job.AddToAll(role, {{"PYTHONUNBUFFERED", "1"},
                        {"PADDLE_JOB_ID", job.name()},
                        {"PADDLE_NNODES", std::to_string(job.Ranks())}});
    const bool serves = !servers || role.name == "master";
    job.AddToAll(role, Meeting(servers ? "master" : "worker", serves));
    if (servers) {
      job.AddToAll(role,
                   {{role.name == "master" ? "PADDLE_SERVER_NUM" : "PADDLE_TRAINER_NUM", "1"}});
    }
  }
  return job.Finish();
}

}  // namespace lockstep
