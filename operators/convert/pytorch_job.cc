// A PyTorchJob: a master, which is rank 0 and decides, and workers; or workers alone, which with an
// elasticPolicy meet by torchrun's rendezvous.
#include <algorithm>
#include <charconv>

#include "operators/convert/replica_specs.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

constexpr std::int32_t kPortMax = 65535;
constexpr std::string_view kBackends[] = {"c10d", "etcd", "etcd-v2"};

const ReplicaKind& Kind() {
  static const ReplicaKind kind = {.kind = "PyTorchJob",
                                   .field = "pytorchReplicaSpecs",
                                   .container = "pytorch",
                                   .port_name = "pytorchjob-port",
                                   .port = 23456,
                                   .restart_policy = "OnFailure",
                                   .operator_name = "pytorchjob-controller",
                                   .types = {{"Master", ReplicaCount::kOneSaid}, {"Worker"}}};
  return kind;
}

struct RendezvousSetting {
  std::string key;
  std::string value;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("key", self.key, "Name of the setting.");
    v.Field("value", self.value, "Its value.");
  }
};

struct ElasticPolicy {
  std::optional<std::int32_t> min_replicas;
  std::optional<std::int32_t> max_replicas;
  std::string rdzv_backend;
  std::optional<std::int32_t> rdzv_port;
  std::optional<std::string> rdzv_host;
  std::optional<std::string> rdzv_id;
  std::vector<RendezvousSetting> rdzv_conf;
  bool standalone = false;
  std::optional<std::int32_t> processes;
  std::optional<std::int32_t> max_restarts;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("minReplicas", self.min_replicas, "With how many workers training may go on.");
    v.Field("maxReplicas", self.max_replicas, "How many workers there are at most.");
    v.Field("rdzvBackend", self.rdzv_backend, "c10d, etcd or etcd-v2.");
    v.Field("rdzvPort", self.rdzv_port, "Port of the rendezvous.");
    v.Field("rdzvHost", self.rdzv_host, "Host of the rendezvous; worker 0 when left out.");
    v.Field("rdzvId", self.rdzv_id, "Name of the rendezvous.");
    v.Field("rdzvConf", self.rdzv_conf, "Settings of the rendezvous.");
    v.Field("standalone", self.standalone, "Whether torchrun makes a rendezvous of its own.");
    v.Field("nProcPerNode", self.processes, "Processes of each worker; write spec.nprocPerNode.");
    v.Field("maxRestarts", self.max_restarts, "How often torchrun starts its processes again.");
    v.Ignored("the number of workers stays as it is: nothing here starts more or fewer",
              {"metrics"});
  }
};

struct PyTorchSpec {
  std::optional<ElasticPolicy> elastic;
  std::optional<std::string> processes;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("elasticPolicy", self.elastic, "How torchrun's agents meet.");
    v.Field("nprocPerNode", self.processes, "auto, cpu, gpu or a number; auto when left out.");
  }
};

// 0: it is no number.
std::int64_t ProcessCount(const std::string& text) {
  std::int32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? std::max(count, 0) : 0;
}

void CheckProcesses(const PyTorchSpec& own, FindingList& rules) {
  const std::string old_path = "spec.elasticPolicy.nProcPerNode";
  if (own.elastic && own.elastic->processes) {
    if (own.processes) {
      rules.Error(old_path, "is there beside spec.nprocPerNode: leave it out");
    } else if (*own.elastic->processes < 1) {
      rules.Error(old_path, "is " + std::to_string(*own.elastic->processes) +
                                ": a replica has at least one process");
    } else {
      rules.Warning(old_path, "is the old name of spec.nprocPerNode: write it there");
    }
  }
  if (!own.processes || *own.processes == "auto" || *own.processes == "cpu" ||
      *own.processes == "gpu" || ProcessCount(*own.processes) > 0) {
    return;
  }
  rules.Error("spec.nprocPerNode", "\"" + *own.processes +
                                       "\" is no number of processes: use auto, cpu, gpu or a "
                                       "number of at least 1");
}

void CheckReplicaBounds(const ElasticPolicy& elastic, const JobRole& workers, FindingList& rules) {
  const std::string path = "spec.elasticPolicy";
  for (const auto& [name, bound] : {std::pair{"minReplicas", elastic.min_replicas},
                                    std::pair{"maxReplicas", elastic.max_replicas}}) {
    if (bound && *bound < 1) {
      rules.Error(FieldPath(path, name), "is " + std::to_string(*bound) + ": must be at least 1");
    }
  }
  if (elastic.min_replicas && elastic.max_replicas &&
      *elastic.min_replicas > *elastic.max_replicas) {
    rules.Error(FieldPath(path, "minReplicas"),
                "is " + std::to_string(*elastic.min_replicas) + ", and maxReplicas is " +
                    std::to_string(*elastic.max_replicas) +
                    ": no number of workers is both; make it smaller");
    return;
  }
  const auto most = elastic.max_replicas ? elastic.max_replicas : elastic.min_replicas;
  if (most && *most >= 1 && *most < workers.replicas) {
    rules.Warning(FieldPath(path, elastic.max_replicas ? "maxReplicas" : "minReplicas"),
                  "lets " + std::to_string(*most) + " of " + std::to_string(workers.replicas) +
                      " workers train: the others wait until those are done; make maxReplicas "
                      "the number of Workers");
  }
}

void CheckElastic(ReplicaJob& job, const ElasticPolicy& elastic) {
  FindingList& rules = job.rules();
  const std::string path = "spec.elasticPolicy";
  if (!elastic.rdzv_backend.empty() &&
      std::ranges::find(kBackends, elastic.rdzv_backend) == std::end(kBackends)) {
    rules.Error(FieldPath(path, "rdzvBackend"), "\"" + elastic.rdzv_backend +
                                                    "\" is no rendezvous backend: use c10d, etcd "
                                                    "or etcd-v2");
  }
  if (elastic.rdzv_port && (*elastic.rdzv_port < 1 || *elastic.rdzv_port > kPortMax)) {
    rules.Error(FieldPath(path, "rdzvPort"), std::to_string(*elastic.rdzv_port) +
                                                 " is no port: write a number from 1 to " +
                                                 std::to_string(kPortMax));
  }
  if (elastic.max_restarts.value_or(0) < 0) {
    rules.Error(FieldPath(path, "maxRestarts"), "must not be negative");
  }
  const JobRole* const workers = job.Role("Worker");
  if (workers != nullptr) return CheckReplicaBounds(elastic, *workers, rules);
  if (job.spec().roles.empty()) return;
  rules.Error(job.PathOf("Worker"),
              "is missing: spec.elasticPolicy is about the Workers; write it, or leave "
              "elasticPolicy out");
}

// Where torchrun's agents meet. At worker 0 it is by tokens, so that jobs do not get into each
// other's way; the rendezvous is what its port is for then.
std::string Endpoint(ReplicaJob& job, JobRole& workers, const ElasticPolicy& elastic) {
  const bool own_host = !elastic.rdzv_host || *elastic.rdzv_host == job.name() + "-worker-0";
  if (own_host) {
    if (elastic.rdzv_port) workers.port = *elastic.rdzv_port;
    return HostToken("worker", "0") + ":" + PortToken("worker", "0");
  }
  return *elastic.rdzv_host + ":" + std::to_string(elastic.rdzv_port.value_or(workers.port));
}

std::vector<EnvVar> ElasticEnv(ReplicaJob& job, JobRole& workers, const ElasticPolicy& elastic) {
  const std::int32_t least =
      elastic.min_replicas.value_or(elastic.max_replicas.value_or(workers.replicas));
  const std::int32_t most = elastic.max_replicas.value_or(least);
  std::vector<EnvVar> env = {
      {"PET_RDZV_ENDPOINT", Endpoint(job, workers, elastic)},
      {"PET_RDZV_BACKEND", elastic.rdzv_backend.empty() ? "c10d" : elastic.rdzv_backend},
      {"PET_NNODES", std::to_string(least) + ":" + std::to_string(most)}};
  if (elastic.max_restarts) {
    env.push_back({"PET_MAX_RESTARTS", std::to_string(*elastic.max_restarts)});
  }
  if (elastic.processes) {
    env.push_back({"PET_NPROC_PER_NODE", std::to_string(*elastic.processes)});
  }
  if (elastic.rdzv_id) env.push_back({"PET_RDZV_ID", *elastic.rdzv_id});
  std::string settings;
  for (const RendezvousSetting& setting : elastic.rdzv_conf) {
    settings += (settings.empty() ? "" : ",") + setting.key + "=" + setting.value;
  }
  if (!settings.empty()) env.push_back({"PET_RDZV_CONF", settings});
  if (elastic.standalone) env.push_back({"PET_STANDALONE", ""});
  return env;
}

std::vector<EnvVar> Environment(ReplicaJob& job, const PyTorchSpec& own) {
  std::vector<EnvVar> env = {{"PYTHONUNBUFFERED", "1"}};
  const bool old_field = own.elastic && own.elastic->processes && !own.processes;
  const std::string processes = old_field ? "" : own.processes.value_or("auto");
  if (job.Role("Master") != nullptr) {
    const std::string host = HostToken("master", "0");
    const std::string port = PortToken("master", "0");
    const std::int64_t each = std::max<std::int64_t>(ProcessCount(processes), 1);
    for (const auto& [name, value] :
         {std::pair{"MASTER_PORT", port}, std::pair{"PET_MASTER_PORT", port},
          std::pair{"MASTER_ADDR", host}, std::pair{"PET_MASTER_ADDR", host},
          std::pair{"WORLD_SIZE", std::to_string(job.Ranks() * each)},
          std::pair{"RANK", std::string(kRankToken)},
          std::pair{"PET_NODE_RANK", std::string(kRankToken)}}) {
      env.push_back({name, value});
    }
  }
  if (!old_field) env.push_back({"PET_NPROC_PER_NODE", processes});
  JobRole* const workers = job.Role("Worker");
  if (own.elastic && workers != nullptr) {
    const std::vector<EnvVar> elastic = ElasticEnv(job, *workers, *own.elastic);
    env.insert(env.end(), elastic.begin(), elastic.end());
  } else {
    env.push_back({"PET_NNODES", std::to_string(job.Ranks())});
  }
  return env;
}

}  // namespace

TrainingJob ConvertPyTorchJob(const Json& manifest, FindingList& findings) {
  ReplicaJob job(Kind(), manifest, findings);
  PyTorchSpec own;
  job.DecodeOwn(own);
  CheckProcesses(own, job.rules());
  if (own.elastic) CheckElastic(job, *own.elastic);
  job.spec().success_policy = job.Role("Master") != nullptr ? "Rank0"
                              : own.elastic                 ? "AnyRank"
                                                            : "AllRanks";
  const std::vector<EnvVar> env = Environment(job, own);
  for (JobRole& role : job.spec().roles) job.AddToAll(role, env);
  return job.Finish();
}

}  // namespace lockstep
