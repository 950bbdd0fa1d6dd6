// A JAXJob: workers alone, each a process of jax.distributed.
#include "operators/convert/replica_specs.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

const ReplicaKind& Kind() {
  static const ReplicaKind kind = {.kind = "JAXJob",
                                   .field = "jaxReplicaSpecs",
                                   .container = "jax",
                                   .port_name = "jaxjob-port",
                                   .port = 6666,
                                   .restart_policy = "Never",
                                   .operator_name = "jaxjob-controller",
                                   .types = {{"Worker"}}};
  return kind;
}

}  // namespace

TrainingJob ConvertJaxJob(const Json& manifest, FindingList& findings) {
  ReplicaJob job(Kind(), manifest, findings);
  job.DecodeOwn();
  job.spec().success_policy = "AllRanks";
  if (JobRole* const workers = job.Role("Worker")) {
    job.AddToAll(*workers, {{"PYTHONUNBUFFERED", "1"},
                            {"COORDINATOR_PORT", PortToken("worker", "0")},
                            {"COORDINATOR_ADDRESS", HostToken("worker", "0")},
                            {"NUM_PROCESSES", std::to_string(job.Ranks())},
                            {"PROCESS_ID", kIndexToken}});
  }
  return job.Finish();
}

}  // namespace lockstep
