// TrainingJob (lockstep.dev/v1alpha1): a group of ranks that start, run and end together. The hub
// that every other job kind is converted to; plans are made from it alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/api/env_source.h"
#include "operators/api/meta.h"
#include "operators/api/volume.h"
#include "operators/codec/json.h"

namespace lockstep {

struct EnvVar {
  std::string name;
  std::string value;
  std::optional<EnvVarSource> value_from = {};

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the variable.");
    v.Field("value", self.value, "Its value; $(NAME) stands for a variable defined before.");
    v.Field("valueFrom", self.value_from, "Where the value comes from; in place of value.");
  }
  friend bool operator==(const EnvVar&, const EnvVar&) = default;
};

struct Container {
  std::string name;
  std::string image;
  std::string image_pull_policy;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<EnvFromSource> env_from;  // before env, which wins
  std::vector<EnvVar> env;
  std::string working_dir;
  std::vector<VolumeMount> volume_mounts;
  std::string restart_policy;  // "Always", of an init container: it is a sidecar
  Json ports;                  // null: not given
  Json resources;              // null: not given

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the container.");
    v.Field("image", self.image, "Container image; processes on one machine do without.");
    v.Field("imagePullPolicy", self.image_pull_policy, "Always, IfNotPresent or Never.");
    v.Field("command", self.command, "The program and its first arguments.");
    v.Field("args", self.args, "More arguments.");
    v.Field("envFrom", self.env_from, "Variables from ConfigMaps; those under env win.");
    v.Field("env", self.env, "Environment variables.");
    v.Field("workingDir", self.working_dir, "Where the program starts.");
    v.Field("volumeMounts", self.volume_mounts, "Where the pod's volumes are seen.");
    v.Field("restartPolicy", self.restart_policy,
            "Always, in initContainers only: the program runs beside the ranks, as a sidecar.");
    v.Field("ports", self.ports, "Ports the program listens on.");
    v.Field("resources", self.resources, "Requests and limits of CPU, memory and devices.");
    v.Dropped({"terminationMessagePath", "terminationMessagePolicy"});
    v.Ignored("a rank is a process, and its end is what is looked at",
              {"livenessProbe", "readinessProbe", "startupProbe"});
    v.Ignored("a rank is a process of the user who runs the operator", {"securityContext"});
    v.Ignored("a rank has the files of its log for output, and no input or terminal",
              {"stdin", "stdinOnce", "tty"});
    v.Ignored("a process has no requests and limits to resize", {"resizePolicy"});
    v.Refused("this version gives a program no devices; open it by its path", {"volumeDevices"});
    v.Refused("this version cannot honour it; let the program do it itself", {"lifecycle"});
  }
  friend bool operator==(const Container&, const Container&) = default;
};

struct PodSpec {
  std::vector<Container> init_containers;  // in order before the ranks; sidecars among them
  std::vector<Container> containers;       // the first is the rank; others run beside each rank
  std::vector<Volume> volumes;
  std::string restart_policy;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("initContainers", self.init_containers, "Run in order before the containers.");
    v.Field("containers", self.containers,
            "The program of a rank; further containers run beside each rank and decide "
            "nothing.");
    v.Field("volumes", self.volumes, "Folders and files that its containers may see.");
    v.Field("restartPolicy", self.restart_policy, "Never or OnFailure.");
    // What a server writes there when nobody did.
    v.Dropped({"enableServiceLinks", "automountServiceAccountToken"});
    v.Ignored("ranks run on this machine, there is none to choose",
              {"nodeSelector", "nodeName", "affinity", "tolerations", "topologySpreadConstraints",
               "schedulerName", "priorityClassName", "priority", "preemptionPolicy",
               "schedulingGates", "runtimeClassName", "overhead", "os"});
    v.Ignored("a rank is a process of the user who runs the operator",
              {"securityContext", "serviceAccountName", "serviceAccount", "hostUsers"});
    v.Ignored("a rank is a process, which has this machine's network, names and processes",
              {"hostNetwork", "hostPID", "hostIPC", "dnsPolicy", "dnsConfig", "hostname",
               "subdomain", "setHostnameAsFQDN", "shareProcessNamespace"});
    v.Ignored("nothing is pulled", {"imagePullSecrets"});
    v.Ignored("a rank is a process, and its end is what is looked at", {"readinessGates"});
    v.Refused("write spec.gracePeriodSeconds", {"terminationGracePeriodSeconds"});
    v.Refused("write the job's activeDeadlineSeconds", {"activeDeadlineSeconds"});
    v.Refused("this version cannot honour it; write the addresses themselves", {"hostAliases"});
    v.Refused("this version cannot honour it; leave it out",
              {"ephemeralContainers", "resourceClaims"});
  }
  friend bool operator==(const PodSpec&, const PodSpec&) = default;
};

struct PodMeta {
  Labels labels;
  Labels annotations;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("labels", self.labels, "Labels of the pods.");
    v.Field("annotations", self.annotations, "Annotations of the pods.");
    v.Dropped({"name", "namespace", "creationTimestamp"});
  }
  friend bool operator==(const PodMeta&, const PodMeta&) = default;
};

struct PodTemplate {
  PodMeta metadata;
  PodSpec spec;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.metadata, "Labels and annotations of the pods.");
    v.Field("spec", self.spec, "The program.");
  }
  friend bool operator==(const PodTemplate&, const PodTemplate&) = default;
};

// In commands, arguments, environment, working directories, host names and files of a job, what
// differs from rank to rank, or is only known at the start, is written as a token (launcher/
// rank_tokens.h):
//   ${lockstep.rank}  ${lockstep.index}  ${lockstep.host:ROLE/INDEX}  ${lockstep.port:ROLE/INDEX}
struct JobRole {
  std::string name;
  std::int32_t replicas = 1;
  PodTemplate pod_template;
  std::string restart_policy = {};           // Always, OnFailure, Never, ExitCode; empty: OnFailure
  std::vector<std::string> host_names = {};  // of a rank, with ${lockstep.index}; the first is what
                                             // ${lockstep.host:...} stands for
  std::int32_t port = 0;   // where each rank listens, as ${lockstep.port:...}; 0: nowhere
  bool host_only = false;  // it only lends its hosts to the programs of the first role (sshd)

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the role: worker, chief, launcher.");
    v.Field("replicas", self.replicas, "Ranks of the role; default 1.");
    v.Field("template", self.pod_template, "The program of each rank.");
    v.Field("restartPolicy", self.restart_policy,
            "Whether the group is started again when a rank of this role fails: OnFailure "
            "(default) and Always: yes; Never: the job fails; ExitCode: after exit codes from 128 "
            "on and signals.");
    v.Field("hostNames", self.host_names,
            "Host names of a rank, with ${lockstep.index} for its number in the role.");
    v.Field("port", self.port, "The port on which each rank of the role listens.");
    v.Field("hostOnly", self.host_only,
            "Its ranks only lend their hosts to the first role's programs, as the workers of an "
            "MPIJob do: on one machine they are not started.");
  }
  friend bool operator==(const JobRole&, const JobRole&) = default;
};

// How the metrics of a trial leave its job. Set by the operator, for jobs of trials.
struct JobCollector {
  std::int32_t rank = 0;
  bool metrics_file = false;
  std::optional<Container> sidecar;
  std::int64_t linger_seconds = 0;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("rank", self.rank, "The rank whose output is read; default 0.");
    v.Field("metricsFile", self.metrics_file,
            "Whether LOCKSTEP_METRICS_FILE names a file for the reports of the ranks.");
    v.Field("sidecar", self.sidecar, "Runs beside that rank and prints metrics.");
    v.Field("lingerSeconds", self.linger_seconds,
            "How long the sidecar may go on when the ranks have ended; default 0.");
  }
  friend bool operator==(const JobCollector&, const JobCollector&) = default;
};

struct TrainingJobSpec {
  std::vector<JobRole> roles;
  std::string success_policy;
  std::int32_t max_restarts = 0;
  std::optional<std::int64_t> active_deadline_seconds;
  std::optional<std::int64_t> grace_period_seconds;
  std::optional<JobCollector> metrics_collector = {};
  bool suspend = false;
  std::optional<std::int64_t> ttl_seconds_after_finished = {};
  std::string clean_pod_policy = {};
  std::string managed_by = {};
  std::string rank_environment = {};  // All (also when empty), Lockstep
  Json source = {};                   // null: it was written as a TrainingJob

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("roles", self.roles, "Groups of ranks; ranks are numbered in the order of the roles.");
    v.Field("successPolicy", self.success_policy,
            "Whose exit 0 ends the job well: AllRanks (default), Rank0, FirstRole (all ranks of "
            "the first role) or AnyRank.");
    v.Field("maxRestarts", self.max_restarts,
            "How often the group is started again after a failure; default 0.");
    v.Field("activeDeadlineSeconds", self.active_deadline_seconds,
            "The job fails when it runs longer.");
    v.Field("gracePeriodSeconds", self.grace_period_seconds,
            "Between SIGTERM and SIGKILL; default 30.");
    v.Field("metricsCollector", self.metrics_collector,
            "How metrics are collected; the operator sets it for the job of a trial.");
    v.Field("suspend", self.suspend, "Whether the job is to rest, or to stop until it goes on.");
    v.Field("ttlSecondsAfterFinished", self.ttl_seconds_after_finished,
            "The job is deleted this long after its end.");
    v.Field("cleanPodPolicy", self.clean_pod_policy,
            "None (default) and Running: logs are kept when the job has ended; All: they go. What "
            "still runs then is stopped either way.");
    v.Field("managedBy", self.managed_by,
            "Who runs the job; somebody else than this operator's kinds' own: it is left alone.");
    v.Field("rankEnvironment", self.rank_environment,
            "All (default): ranks get RANK, WORLD_SIZE, MASTER_ADDR and the like beside LOCKSTEP_ "
            "variables; Lockstep: those alone.");
    v.Field("source", self.source, "The manifest of another kind that this job stands for.");
  }
  friend bool operator==(const TrainingJobSpec&, const TrainingJobSpec&) = default;
};

struct FirstFailure {
  std::int32_t rank = -1;  // -1: no rank is to blame (deadline, launcher lost)
  std::string role;
  std::string host;
  std::string cause;  // see launcher/job_record.h
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::string message;
  std::vector<std::string> last_lines;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("rank", self.rank, "The rank that failed first; -1 when none did.");
    v.Field("role", self.role, "Its role.");
    v.Field("host", self.host, "Where it ran.");
    v.Field("cause", self.cause, "user-error, signal, deadline, launcher-lost or start-failed.");
    v.Field("exitCode", self.exit_code, "Its exit code.");
    v.Field("signal", self.signal, "The signal that ended it, or 0.");
    v.Field("message", self.message, "In one sentence.");
    v.Field("lastLines", self.last_lines, "What it printed last.");
  }
  friend bool operator==(const FirstFailure&, const FirstFailure&) = default;
};

struct RoleStatus {
  std::string name;
  std::int32_t active = 0;
  std::int32_t succeeded = 0;
  std::int32_t failed = 0;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("name", self.name, "Name of the role.");
    v.Field("active", self.active, "Ranks that run.");
    v.Field("succeeded", self.succeeded, "Ranks that ended well.");
    v.Field("failed", self.failed, "Ranks that failed.");
  }
  friend bool operator==(const RoleStatus&, const RoleStatus&) = default;
};

struct RestartCount {
  std::string cause;  // as FirstFailure's
  std::int32_t count = 0;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("cause", self.cause, "Why the group was started again.");
    v.Field("count", self.count, "How often.");
  }
  friend bool operator==(const RestartCount&, const RestartCount&) = default;
};

struct TrainingJobStatus {
  std::string start_time;
  std::string completion_time;
  std::vector<Condition> conditions;  // Created, Running, Suspended, Restarting, Succeeded, Failed
  std::int32_t generation = 0;        // how often the group was started again
  std::int32_t active = 0;            // ranks that run
  std::vector<RoleStatus> roles = {};
  std::vector<RestartCount> restarts = {};
  bool holds_resources = false;           // its GPUs, CPUs and memory are set aside
  std::vector<std::string> devices = {};  // GPUs of this machine that the job holds: "0", "1"
  std::optional<FirstFailure> first_failure;
  std::int64_t log_bytes = 0;        // size of its job directory when it ended
  std::string logs_removed_time;     // empty: it is there
  std::string logs_removed_message;  // why

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("startTime", self.start_time, "When the job started.");
    v.Field("completionTime", self.completion_time, "When the job ended.");
    v.Field("conditions", self.conditions,
            "Created, Running, Suspended, Restarting, Succeeded, Failed.");
    v.Field("generation", self.generation, "How often the group was started again.");
    v.Field("active", self.active, "Ranks that run now.");
    v.Field("roles", self.roles, "How the ranks of each role are.");
    v.Field("restarts", self.restarts, "How often the group was started again, by cause.");
    v.Field("holdsResources", self.holds_resources,
            "Whether the GPUs, CPUs and memory that it asks for are set aside for it, until it has "
            "ended or is suspended.");
    v.Field("devices", self.devices, "The GPUs that the job holds, by their number.");
    v.Field("firstFailure", self.first_failure, "What went wrong first.");
    v.Field("logBytes", self.log_bytes, "Size of the job directory, logs and all, at the end.");
    v.Field("logsRemovedTime", self.logs_removed_time, "When the job directory was removed.");
    v.Field("logsRemovedMessage", self.logs_removed_message, "Why it was.");
  }
  friend bool operator==(const TrainingJobStatus&, const TrainingJobStatus&) = default;
};

struct TrainingJob {
  static constexpr char kKind[] = "TrainingJob";
  static constexpr char kApiVersion[] = "lockstep.dev/v1alpha1";
  static constexpr char kPlural[] = "trainingjobs";
  static constexpr char kDescription[] = "A group of ranks that start, run and end together.";

  ObjectMeta meta;
  TrainingJobSpec spec;
  TrainingJobStatus status;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("spec", self.spec, "What is wanted.");
    v.Field("status", self.status, "What is. Written by the operator.");
  }
  friend bool operator==(const TrainingJob&, const TrainingJob&) = default;
};

}  // namespace lockstep
