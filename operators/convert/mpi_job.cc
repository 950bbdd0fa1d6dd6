// An MPIJob: a launcher, which runs mpirun and decides, and workers, which lend it their hosts. On
// one machine mpirun starts all its processes itself, on localhost, and the workers are not needed.
// Both versions of the kind; they differ in how mpirun reaches the workers.
#include <algorithm>
#include <limits>
#include <utility>

#include "operators/convert/dns_name.h"
#include "operators/convert/mpi_hosts.h"
#include "operators/convert/pod_check.h"
#include "operators/convert/pod_labels.h"
#include "operators/convert/pod_template.h"
#include "operators/convert/replica_specs.h"
#include "operators/convert/run_policy.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

constexpr char kSpecsPath[] = "spec.mpiReplicaSpecs";
constexpr char kConfigVolume[] = "mpi-job-config";
struct Version {
  bool is_v1 = false;
  std::string_view manager;
  std::string_view operator_name;
  std::string_view launcher_restart;  // when none is written
  std::vector<std::string_view> restart_policies;
};

const Version& V1() {
  static const Version version = {true,
                                  "kubeflow.org/training-operator",
                                  "mpijob-controller",
                                  "Never",
                                  {"Always", "OnFailure", "Never", "ExitCode"}};
  return version;
}

const Version& V2Beta1() {
  static const Version version = {
      false, "kubeflow.org/mpi-operator", "mpi-operator", "OnFailure", {"OnFailure", "Never"}};
  return version;
}

struct ReplicaFields {
  std::optional<std::int32_t> replicas;
  std::string restart_policy;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("replicas", self.replicas, "How many there are.");
    v.Field("restartPolicy", self.restart_policy, "Whether the job is started again.");
  }
};

// Fields of either version; which of them a version has is in Decode.
struct MpiSpec {
  std::optional<std::int32_t> slots_per_worker;
  std::string clean_pod_policy;         // v1
  std::string main_container;           // v1
  bool run_launcher_as_worker = false;  // v2beta1, and all below
  std::string ssh_auth_mount_path;
  std::string launcher_creation_policy;
  std::string mpi_implementation;
};

struct V1Spec : MpiSpec {
  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("slotsPerWorker", self.slots_per_worker, "Processes of each worker; default 1.");
    v.Field("cleanPodPolicy", self.clean_pod_policy, "The old place of runPolicy's.");
    v.Field("mainContainer", self.main_container, "The container that mpirun enters.");
  }
};

struct V2Spec : MpiSpec {
  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("slotsPerWorker", self.slots_per_worker, "Processes of each worker; default 1.");
    v.Field("runLauncherAsWorker", self.run_launcher_as_worker, "Whether it has slots too.");
    v.Field("sshAuthMountPath", self.ssh_auth_mount_path, "Not needed on one machine.");
    v.Field("launcherCreationPolicy", self.launcher_creation_policy,
            "AtStartup or WaitForWorkersReady; the same on one machine.");
    v.Field("mpiImplementation", self.mpi_implementation, "OpenMPI, Intel or MPICH.");
  }
};

// A manifest on its way to a TrainingJob.
struct Conversion {
  const Version& version;
  FindingList& findings;
  FindingList rules;  // told unless decoding has told it
  DecodePlace root = {};
  DecodePlace spec_place = {};
  MpiSpec own = {};
  TrainingJob job = {};

  std::int64_t slots() const { return own.slots_per_worker.value_or(1); }
  const std::string& name() const { return job.meta.name; }
  std::string space() const {
    return job.meta.namespace_.empty() ? "default" : job.meta.namespace_;
  }
  JobRole* Role(std::string_view role) {
    const auto found = std::ranges::find(job.spec.roles, role, &JobRole::name);
    return found == job.spec.roles.end() ? nullptr : &*found;
  }
  std::int32_t workers() {
    const JobRole* const role = Role("worker");
    return role == nullptr ? 0 : role->replicas;
  }
  // Where the operator of the version says that a pod is.
  std::string Host(const std::string& pod) const {
    return version.is_v1 ? pod : pod + "." + name() + "." + space() + ".svc";
  }
  std::string WorkerPod(const std::string& index) const { return name() + "-worker-" + index; }
  std::string LauncherPod() const { return name() + "-launcher"; }
};

bool AsksForGpu(const PodSpec& pod) {
  for (const Container& container : pod.containers) {
    if (!container.resources.is_object() || !container.resources.contains("limits")) continue;
    const Json& limits = container.resources.at("limits");
    if (!limits.is_object()) continue;
    for (const auto& [name, amount] : limits.items()) {
      if (name.find("gpu") != std::string::npos) return true;
    }
  }
  return false;
}

void CheckContainers(const PodSpec& pod, const std::string& path, FindingList& rules) {
  if (pod.containers.empty()) return rules.Error(path, "is missing: what does it run?");
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    if (!pod.containers[i].image.empty()) continue;
    rules.Error(FieldPath(ElementPath(path, i), "image"),
                "is missing: the operator takes no container without one");
  }
}

void SettleRestartPolicy(const Version& version, JobRole& role, const std::string& path,
                         FindingList& rules) {
  if (role.restart_policy.empty()) {
    role.restart_policy = role.host_only ? "Never" : std::string(version.launcher_restart);
  }
  if (std::ranges::find(version.restart_policies, role.restart_policy) ==
      version.restart_policies.end()) {
    std::string known;
    for (const std::string_view policy : version.restart_policies) {
      known += (known.empty() ? "" : ", ") + std::string(policy);
    }
    rules.Error(FieldPath(path, "restartPolicy"),
                "\"" + role.restart_policy + "\" is no restart policy here: use " + known);
  }
  std::string& of_pod = role.pod_template.spec.restart_policy;
  if (!of_pod.empty() && of_pod != role.restart_policy) {
    rules.Warning(FieldPath(FieldPath(FieldPath(path, "template"), "spec"), "restartPolicy"),
                  "\"" + of_pod + "\" has no effect: the replica's restartPolicy, " +
                      role.restart_policy + ", is what counts; write it there");
  }
  of_pod.clear();
  // Of the pods of mpi-operator's launcher Job: how often that makes another, or has its container
  // started again, its backoffLimit alone says.
  if (!version.is_v1 && !role.host_only) of_pod = std::exchange(role.restart_policy, "");
}

void CheckCount(const Conversion& conversion, const JobRole& role,
                const std::optional<std::int32_t>& written, const std::string& path,
                FindingList& rules) {
  const std::string place = FieldPath(path, "replicas");
  if (!role.host_only && role.replicas != 1) {
    rules.Error(
        place, "is " + std::to_string(role.replicas) + ": a job has exactly one Launcher; write 1");
  } else if (role.replicas > kMpiHostsMax) {
    rules.Error(
        place, "is " + std::to_string(role.replicas) + ": at most " + std::to_string(kMpiHostsMax));
  } else if (role.replicas < 0) {
    rules.Error(place, "is " + std::to_string(role.replicas) + ": must not be negative");
  } else if (role.replicas == 0 && !conversion.version.is_v1) {
    rules.Error(place, (written ? std::string("is 0") : std::string("is missing, which is 0")) +
                           ": the operator takes at least 1; write it, or leave Worker out");
  }
}

// What the operator runs in a worker that says nothing.
void SetWorkerCommand(const Version& version, PodSpec& pod) {
  if (pod.containers.empty()) return;
  Container& worker = pod.containers[0];
  if (!worker.command.empty()) return;
  if (version.is_v1) {
    worker.command = {"sleep"};
    worker.args = {"365d"};
  } else if (worker.args.empty()) {
    worker.command = {"/usr/sbin/sshd", "-De"};
  }
}

// Which container is the program of a rank.
std::size_t MainOf(const Conversion& conversion, const PodSpec& pod) {
  const auto found =
      std::ranges::find(pod.containers, conversion.own.main_container, &Container::name);
  if (conversion.own.main_container.empty() || found == pod.containers.end()) return 0;
  return static_cast<std::size_t>(std::distance(pod.containers.begin(), found));
}

void DecodeRole(const char* type, const Json& json, const DecodePlace& place,
                Conversion& conversion) {
  const std::string path = place.Path();
  const bool is_launcher = type == std::string_view("Launcher");
  if (json.is_null()) {
    conversion.findings.Error(path, "says nothing: write its template, or leave it out");
    return;
  }
  if (!ExpectObject(json, place, conversion.findings)) return;
  ReplicaFields fields;
  DecodeStruct(json, place, conversion.findings, fields, {"template"});
  JobRole role;
  role.name = is_launcher ? "launcher" : "worker";
  role.host_only = !is_launcher;
  role.replicas = fields.replicas.value_or(is_launcher ? 1 : 0);
  role.restart_policy = fields.restart_policy;
  const auto grace = DecodePodTemplate(json, place, conversion.findings, role.pod_template);
  if (is_launcher) conversion.job.spec.grace_period_seconds = grace.value_or(kGracePeriodSeconds);
  CheckCount(conversion, role, fields.replicas, path, conversion.rules);
  SettleRestartPolicy(conversion.version, role, path, conversion.rules);
  PodSpec& pod = role.pod_template.spec;
  const std::string template_path = FieldPath(path, "template");
  CheckContainers(pod, FieldPath(FieldPath(template_path, "spec"), "containers"), conversion.rules);
  if (!is_launcher) SetWorkerCommand(conversion.version, pod);
  if (!pod.containers.empty()) {
    // Of a worker nothing is run here.
    FindingList pod_rules(conversion.findings.document());
    CheckPodTemplate(role.pod_template, template_path, pod_rules,
                     {.main = MainOf(conversion, pod), .leaves_out = true});
    for (Finding& finding : pod_rules.Take()) {
      const bool about_run = finding.unsupported || finding.severity == Finding::Severity::kWarning;
      if (is_launcher || !about_run) conversion.rules.Add(std::move(finding));
    }
  }
  // A job of v1 without workers is the launcher alone.
  const bool counts = role.replicas > 0 && role.replicas <= kMpiHostsMax;
  if (is_launcher || counts) conversion.job.spec.roles.push_back(std::move(role));
}

void DecodeRoles(const Json& spec, Conversion& conversion) {
  const DecodePlace place{&conversion.spec_place, "mpiReplicaSpecs"};
  const auto specs = spec.find("mpiReplicaSpecs");
  if (specs == spec.end() || specs->is_null()) {
    return conversion.findings.Error(kSpecsPath, "is missing: write Launcher and Worker");
  }
  if (!ExpectObject(*specs, place, conversion.findings)) return;
  RejectUnknownFields(*specs, place, {"Launcher", "Worker"}, conversion.findings);
  if (!specs->contains("Launcher")) {
    conversion.findings.Error(FieldPath(kSpecsPath, "Launcher"),
                              "is missing: it runs mpirun, and the job ends with it");
  }
  for (const char* const type : {"Launcher", "Worker"}) {
    const auto json = specs->find(type);
    if (json != specs->end()) DecodeRole(type, *json, DecodePlace{&place, type}, conversion);
  }
}

void CheckName(Conversion& conversion) {
  if (conversion.name().empty() || conversion.version.is_v1) return;
  if (const std::string why = WhyNoLabel(conversion.name()); !why.empty()) {
    return conversion.rules.Error("metadata.name", "\"" + conversion.name() + "\" " + why);
  }
  const std::int32_t workers = conversion.workers();
  const std::string longest =
      workers > 0 ? conversion.WorkerPod(std::to_string(workers - 1)) : conversion.LauncherPod();
  if (const std::string why = WhyNoLabel(longest); !why.empty()) {
    conversion.rules.Error("metadata.name",
                           "the host name \"" + longest + "\" " + why + ": shorten the name");
  }
}

void CheckOwn(Conversion& conversion) {
  const MpiSpec& own = conversion.own;
  FindingList& rules = conversion.rules;
  if (own.slots_per_worker.value_or(1) < 1) {
    rules.Error("spec.slotsPerWorker",
                "is " + std::to_string(*own.slots_per_worker) +
                    ": mpirun would have nowhere to start a process; write at least 1");
  } else if (own.slots_per_worker.value_or(1) > kMpiSlotsMax) {
    rules.Error("spec.slotsPerWorker", "is " + std::to_string(*own.slots_per_worker) +
                                           ": at most " + std::to_string(kMpiSlotsMax));
  }
  const auto choose = [&](const std::string& value, const char* path,
                          const std::vector<std::string_view>& known) {
    if (value.empty() || std::ranges::find(known, value) != known.end()) return;
    std::string list;
    for (const std::string_view name : known) {
      list += (list.empty() ? "" : " or ") + std::string(name);
    }
    rules.Error(path, "\"" + value + "\" is not known: use " + list);
  };
  choose(own.mpi_implementation, "spec.mpiImplementation", {"OpenMPI", "Intel", "MPICH"});
  choose(own.launcher_creation_policy, "spec.launcherCreationPolicy",
         {"AtStartup", "WaitForWorkersReady"});
  choose(own.clean_pod_policy, "spec.cleanPodPolicy", {"None", "Running", "All"});
  const JobRole* const worker = conversion.Role("worker");
  if (!own.main_container.empty() && worker != nullptr &&
      std::ranges::find(worker->pod_template.spec.containers, own.main_container,
                        &Container::name) == worker->pod_template.spec.containers.end()) {
    rules.Error("spec.mainContainer", "\"" + own.main_container +
                                          "\" is no container of Worker: mpirun could not enter "
                                          "it there");
  }
}

MpiImplementation ImplementationOf(const MpiSpec& own) {
  if (own.mpi_implementation == "Intel") return MpiImplementation::kIntel;
  return own.mpi_implementation == "MPICH" ? MpiImplementation::kMpich
                                           : MpiImplementation::kOpenMpi;
}

// The operator appends them, so that of two of a name its own counts.
std::vector<EnvVar> LauncherVariables(const Conversion& conversion, bool has_gpu) {
  const std::string hostfile = std::string(kMpiFolder) + "/hostfile";
  const std::string kubexec = std::string(kMpiFolder) + "/kubexec.sh";
  const char* const retry = "-o ConnectionAttempts=10";
  const std::string slots = std::to_string(conversion.slots());
  // Kept as the operator sets them: only what makes containers reads these two.
  const std::vector<EnvVar> no_gpu = {{"NVIDIA_VISIBLE_DEVICES", ""},
                                      {"NVIDIA_DRIVER_CAPABILITIES", ""}};
  std::vector<EnvVar> env;
  if (conversion.version.is_v1) {
    env = {{"OMPI_MCA_plm_rsh_agent", kubexec}, {"OMPI_MCA_orte_default_hostfile", hostfile}};
    if (!has_gpu) env.insert(env.end(), no_gpu.begin(), no_gpu.end());
    env.push_back({"I_MPI_HYDRA_BOOTSTRAP", "rsh"});
    env.push_back({"I_MPI_HYDRA_BOOTSTRAP_EXEC", kubexec});
    return env;
  }
  switch (ImplementationOf(conversion.own)) {
    case MpiImplementation::kOpenMpi:
      env = {{"K_MPI_JOB_ROLE", "launcher"},
             {"OMPI_MCA_orte_keep_fqdn_hostnames", "true"},
             {"OMPI_MCA_orte_default_hostfile", hostfile},
             {"OMPI_MCA_plm_rsh_args", retry},
             {"OMPI_MCA_orte_set_default_slots", slots}};
      break;
    case MpiImplementation::kIntel:
      env = {{"K_MPI_JOB_ROLE", "launcher"},
             {"I_MPI_HYDRA_HOST_FILE", hostfile},
             {"I_MPI_HYDRA_BOOTSTRAP_EXEC_EXTRA_ARGS", retry},
             {"I_MPI_PERHOST", slots}};
      break;
    case MpiImplementation::kMpich:
      env = {{"K_MPI_JOB_ROLE", "launcher"},
             {"HYDRA_HOST_FILE", hostfile},
             {"HYDRA_LAUNCH_EXTRA_ARGS", retry}};
      break;
  }
  if (!conversion.own.run_launcher_as_worker) env.insert(env.end(), no_gpu.begin(), no_gpu.end());
  return env;
}

void AddFiles(Conversion& conversion, JobRole& launcher, bool launcher_takes_part) {
  const MpiImplementation implementation = ImplementationOf(conversion.own);
  const std::int64_t slots = conversion.slots();
  HostList hosts{.is_v1 = conversion.version.is_v1, .slots = slots};
  if (launcher_takes_part) hosts.launcher = conversion.Host(conversion.LauncherPod());
  for (std::int32_t i = 0; i < conversion.workers(); ++i) {
    hosts.workers.push_back(conversion.Host(conversion.WorkerPod(std::to_string(i))));
  }
  std::string lines;
  if (launcher_takes_part) lines += HostLine(implementation, hosts.launcher, slots);
  for (const std::string& host : hosts.workers) lines += HostLine(implementation, host, slots);
  const InlineFile kubexec = KubexecFile(conversion.own.main_container);
  std::vector<InlineFile> files = {Hostfile(implementation, lines, hosts.local_slots()),
                                   DiscoverFile(hosts)};
  if (conversion.version.is_v1) files.insert(files.begin(), kubexec);
  AddMpiFolder(kConfigVolume, files, launcher.pod_template.spec.containers[0],
               launcher.pod_template.spec);
  JobRole* const worker = conversion.Role("worker");
  if (conversion.version.is_v1 && worker != nullptr &&
      !worker->pod_template.spec.containers.empty()) {
    AddMpiFolder(kConfigVolume, {kubexec}, worker->pod_template.spec.containers[0],
                 worker->pod_template.spec);
  }
}

void SetNames(Conversion& conversion, JobRole& role) {
  const Version& version = conversion.version;
  Labels& labels = role.pod_template.metadata.labels;
  for (const char* const own : {kReplicaTypeLabel, kReplicaIndexLabel, kJobRoleLabel}) {
    labels.erase(own);
  }
  labels[kOperatorNameLabel] = version.operator_name;
  labels[kJobNameLabel] = conversion.name();
  const bool as_worker = conversion.own.run_launcher_as_worker;
  if (version.is_v1) {
    labels[kReplicaTypeLabel] = role.name;
    if (!role.host_only) labels[kJobRoleLabel] = "master";
  } else {
    labels[kJobRoleLabel] = role.name;
    if (!role.host_only) {
      labels["job-name"] = labels["batch.kubernetes.io/job-name"] = conversion.LauncherPod();
    }
  }
  // The launcher is number 0 where it is a worker; it is rank 0 anyway.
  if (role.host_only || as_worker) {
    labels[kReplicaIndexLabel] = as_worker ? kRankToken : kIndexToken;
  }
  const std::string pod =
      role.host_only ? conversion.WorkerPod(kIndexToken) : conversion.LauncherPod();
  role.host_names = {pod};
  if (version.is_v1) return;
  const std::string host = pod + "." + conversion.name();
  const std::string space = host + "." + conversion.space();
  role.host_names = {space + ".svc", pod, host, space, space + ".svc.cluster.local"};
}

// The operator looks at the first container, also when mainContainer is another.
void Complete(Conversion& conversion) {
  TrainingJobSpec& spec = conversion.job.spec;
  JobRole* const launcher = conversion.Role("launcher");
  if (launcher == nullptr || launcher->pod_template.spec.containers.empty()) return;
  const bool has_gpu = AsksForGpu(launcher->pod_template.spec);
  const bool takes_part =
      conversion.version.is_v1 ? has_gpu : conversion.own.run_launcher_as_worker;
  std::vector<EnvVar>& env = launcher->pod_template.spec.containers[0].env;
  for (const EnvVar& variable : LauncherVariables(conversion, has_gpu)) env.push_back(variable);
  if (JobRole* const worker = conversion.Role("worker");
      worker != nullptr && !conversion.version.is_v1 &&
      !worker->pod_template.spec.containers.empty()) {
    worker->pod_template.spec.containers[0].env.push_back({"K_MPI_JOB_ROLE", "worker"});
  }
  AddFiles(conversion, *launcher, takes_part);
  for (JobRole& role : spec.roles) {
    SetNames(conversion, role);
    std::vector<Container>& containers = role.pod_template.spec.containers;
    if (containers.empty()) continue;
    const auto main = containers.begin() +
                      static_cast<std::ptrdiff_t>(MainOf(conversion, role.pod_template.spec));
    std::rotate(containers.begin(), main, main + 1);
    if (!role.host_only) LeaveOutWithoutCommand(role.pod_template.spec);
  }
}

TrainingJob Convert(const Version& version, const Json& manifest, FindingList& findings) {
  Conversion conversion{version, findings, FindingList(findings.document())};
  conversion.spec_place = {&conversion.root, "spec"};
  RejectUnknownFields(manifest, conversion.root,
                      {"apiVersion", "kind", "metadata", "spec", "status"}, findings);
  TrainingJob& job = conversion.job;
  if (const auto meta = manifest.find("metadata"); meta != manifest.end() && !meta->is_null()) {
    DecodeStruct(*meta, DecodePlace{&conversion.root, "metadata"}, findings, job.meta);
  }
  const auto spec = manifest.find("spec");
  if (spec == manifest.end() || spec->is_null()) {
    findings.Error("spec", "is missing: the job has no program to run");
    return std::move(job);
  }
  if (!ExpectObject(*spec, conversion.spec_place, findings)) return std::move(job);
  const std::vector<std::string_view> shared = {"runPolicy", "mpiReplicaSpecs"};
  if (version.is_v1) {
    V1Spec own;
    DecodeStruct(*spec, conversion.spec_place, findings, own, shared);
    conversion.own = own;
  } else {
    V2Spec own;
    DecodeStruct(*spec, conversion.spec_place, findings, own, shared);
    conversion.own = own;
  }
  DecodeRunPolicy(*spec, conversion.spec_place, version.manager, findings, conversion.rules,
                  job.spec);
  if (job.spec.clean_pod_policy.empty()) {
    job.spec.clean_pod_policy = conversion.own.clean_pod_policy;
  }
  job.spec.success_policy = "Rank0";
  job.spec.rank_environment = "Lockstep";
  DecodeRoles(*spec, conversion);
  CheckOwn(conversion);
  CheckName(conversion);
  Complete(conversion);
  for (Finding& finding : WithRules(findings.Take(), conversion.rules.Take())) {
    findings.Add(std::move(finding));
  }
  return std::move(job);
}

}  // namespace

TrainingJob ConvertMpiJobV1(const Json& manifest, FindingList& findings) {
  return Convert(V1(), manifest, findings);
}

TrainingJob ConvertMpiJobV2Beta1(const Json& manifest, FindingList& findings) {
  return Convert(V2Beta1(), manifest, findings);
}

}  // namespace lockstep
