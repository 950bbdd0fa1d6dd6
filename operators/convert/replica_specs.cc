#include "operators/convert/replica_specs.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "operators/convert/pod_check.h"
#include "operators/convert/pod_labels.h"
#include "operators/convert/pod_template.h"
#include "operators/convert/run_policy.h"

namespace lockstep {
namespace {

constexpr std::string_view kManager = "kubeflow.org/training-operator";
constexpr std::string_view kRestartPolicies[] = {"Always", "OnFailure", "Never", "ExitCode"};
constexpr std::size_t kHostNameMax = 63;

struct ReplicaSpec {
  std::optional<std::int32_t> replicas;
  std::string restart_policy;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("replicas", self.replicas, "How many there are.");
    v.Field("restartPolicy", self.restart_policy, "Whether one that fails is started again.");
  }
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string Listed(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return list;
}

std::vector<std::string> TypeNames(const ReplicaKind& kind) {
  std::vector<std::string> names;
  for (const ReplicaType& type : kind.types) names.emplace_back(type.name);
  return names;
}

// Kubernetes' rule for the names of services (DNS-1035), without its limit of length.
bool IsServiceName(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) && name.back() != '-' &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c) || c == '-'; });
}

// containers[0] of a role is the program of its ranks.
void MoveToFront(std::vector<Container>& containers, std::size_t index) {
  std::rotate(containers.begin(), containers.begin() + static_cast<std::ptrdiff_t>(index),
              containers.begin() + static_cast<std::ptrdiff_t>(index) + 1);
}

}  // namespace

std::string HostToken(std::string_view role, const std::string& index) {
  return "${lockstep.host:" + std::string(role) + "/" + index + "}";
}

std::string PortToken(std::string_view role, const std::string& index) {
  return "${lockstep.port:" + std::string(role) + "/" + index + "}";
}

ReplicaJob::ReplicaJob(const ReplicaKind& kind, const Json& manifest, FindingList& findings)
    : kind_(kind), findings_(findings), rules_(findings.document()), spec_place_{&root_, "spec"} {
  RejectUnknownFields(manifest, root_, {"apiVersion", "kind", "metadata", "spec", "status"},
                      findings);
  if (const auto meta = manifest.find("metadata"); meta != manifest.end() && !meta->is_null()) {
    DecodeStruct(*meta, DecodePlace{&root_, "metadata"}, findings, job_.meta);
  }
  CheckName();
  job_.spec.rank_environment = "Lockstep";
  job_.spec.grace_period_seconds.reset();
  const auto spec = manifest.find("spec");
  if (spec == manifest.end() || spec->is_null()) {
    findings.Error("spec", "is missing: the job has no program to run");
    return;
  }
  if (!ExpectObject(*spec, spec_place_, findings)) return;
  spec_ = *spec;
  TellOfOldPlaces();
  DecodeRunPolicy(spec_, spec_place_, kManager, findings, rules_, job_.spec);
  const DecodePlace specs_place{&spec_place_, kind.field};
  const auto specs = spec_.find(kind.field);
  if (specs == spec_.end() || specs->is_null() || (specs->is_object() && specs->empty())) {
    findings.Error(
        specs_place.Path(),
        std::string(specs == spec_.end() || specs->is_null() ? "is missing" : "is empty") +
            ": the job has no program to run; write " + Listed(TypeNames(kind)));
  } else if (ExpectObject(*specs, specs_place, findings)) {
    DecodeSpecs(*specs, specs_place);
  }
  if (!job_.spec.grace_period_seconds) job_.spec.grace_period_seconds = kGracePeriodSeconds;
}

// Older manifests, and some of Kubeflow's own examples, have these beside the replica specs, where
// an API server drops them in silence.
void ReplicaJob::TellOfOldPlaces() {
  for (const char* const name : {"activeDeadlineSeconds", "backoffLimit", "cleanPodPolicy",
                                 "schedulingPolicy", "ttlSecondsAfterFinished"}) {
    if (spec_.erase(name) == 0) continue;
    findings_.Add({.path = FieldPath("spec", name),
                   .position = {},
                   .message = "is not read there by any operator: write it as spec.runPolicy." +
                              std::string(name),
                   .unknown_field = true});
  }
}

void ReplicaJob::DecodeSpecs(const Json& specs, const DecodePlace& place) {
  const auto is = [&](std::string_view key, const ReplicaType& type) {
    return kind_.any_case ? Lower(key) == Lower(type.name) : key == type.name;
  };
  for (const auto& [key, json] : specs.items()) {
    const bool known =
        std::ranges::any_of(kind_.types, [&](const ReplicaType& type) { return is(key, type); });
    if (known) continue;
    findings_.Error(FieldPath(place.Path(), key), "\"" + key + "\" is no type of replica of a " +
                                                      std::string(kind_.kind) + ": use " +
                                                      Listed(TypeNames(kind_)));
  }
  for (const ReplicaType& type : kind_.types) {
    bool there = false;
    for (const auto& [key, json] : specs.items()) {
      if (!is(key, type)) continue;
      if (there) {
        findings_.Error(FieldPath(place.Path(), key), "is there twice, in other letters");
        continue;
      }
      there = true;
      DecodeSpec(type, key, json, place);
    }
  }
}

void ReplicaJob::DecodeSpec(const ReplicaType& type, const std::string& key, const Json& json,
                            const DecodePlace& place) {
  const DecodePlace spec_place{&place, key};
  const std::string path = spec_place.Path();
  if (json.is_null()) {
    findings_.Error(path, "says nothing: write its template, or leave it out");
    return;
  }
  if (!ExpectObject(json, spec_place, findings_)) return;
  ReplicaSpec spec;
  DecodeStruct(json, spec_place, findings_, spec, {"template"});
  JobRole role;
  role.name = Lower(type.name);
  role.replicas = spec.replicas.value_or(1);
  role.restart_policy = spec.restart_policy;
  const auto grace = DecodePodTemplate(json, spec_place, findings_, role.pod_template);
  job_.spec.grace_period_seconds =
      std::max(grace.value_or(kGracePeriodSeconds), job_.spec.grace_period_seconds.value_or(0));
  CheckCount(type, spec.replicas, path);
  SettleRestartPolicy(role, path);
  const std::string template_path = FieldPath(path, "template");
  PodSpec& pod = role.pod_template.spec;
  CheckContainers(pod, FieldPath(FieldPath(template_path, "spec"), "containers"));
  const auto program = std::ranges::find(pod.containers, kind_.container, &Container::name);
  const std::size_t main =
      program == pod.containers.end()
          ? 0
          : static_cast<std::size_t>(std::distance(pod.containers.begin(), program));
  if (!pod.containers.empty()) {
    CheckPodTemplate(role.pod_template, template_path, rules_, {.main = main, .leaves_out = true});
    SetPort(role, pod.containers[main],
            ElementPath(FieldPath(FieldPath(template_path, "spec"), "containers"), main));
    MoveToFront(pod.containers, main);
    LeaveOutWithoutCommand(pod);
  }
  SetNames(role);
  paths_.push_back(path);
  job_.spec.roles.push_back(std::move(role));
}

void ReplicaJob::CheckCount(const ReplicaType& type, const std::optional<std::int32_t>& written,
                            const std::string& path) {
  const std::string place = FieldPath(path, "replicas");
  const std::int32_t count = written.value_or(1);
  if (type.count == ReplicaCount::kOneSaid && (!written || count != 1)) {
    rules_.Error(place, (written ? "is " + std::to_string(count) : std::string("is missing")) +
                            ": the operator takes exactly one " + std::string(type.name) +
                            "; write replicas: 1");
  } else if (type.count == ReplicaCount::kOne && count > 1) {
    rules_.Error(place, "is " + std::to_string(count) + ": one " + std::string(type.name) +
                            " decides when the job is done; write 1");
  } else if (count < 1) {
    // The operator makes a pod of none, deletes it, and makes it again, for ever.
    rules_.Error(place, "is " + std::to_string(count) + ": write at least 1, or leave " +
                            std::string(type.name) + " out");
  }
}

void ReplicaJob::CheckContainers(const PodSpec& pod, const std::string& path) {
  if (pod.containers.empty()) {
    rules_.Error(path, "is missing: what does a rank run? Name the container \"" +
                           std::string(kind_.container) + "\"");
    return;
  }
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    if (!pod.containers[i].image.empty()) continue;
    rules_.Error(FieldPath(ElementPath(path, i), "image"),
                 "is missing: the operator takes no container without one");
  }
  if (std::ranges::find(pod.containers, kind_.container, &Container::name) !=
      pod.containers.end()) {
    return;
  }
  std::vector<std::string> names;
  for (const Container& container : pod.containers) names.push_back("\"" + container.name + "\"");
  rules_.Error(path, "has no container named \"" + std::string(kind_.container) +
                         "\", which is the program of a rank of a " + std::string(kind_.kind) +
                         ": rename " + Listed(names));
}

// The replica's says it all; the operator overwrites the template's.
void ReplicaJob::SettleRestartPolicy(JobRole& role, const std::string& path) {
  if (role.restart_policy.empty()) role.restart_policy = std::string(kind_.restart_policy);
  const std::string& policy = role.restart_policy;
  if (std::ranges::find(kRestartPolicies, policy) == std::end(kRestartPolicies)) {
    rules_.Error(
        FieldPath(path, "restartPolicy"),
        "\"" + policy + "\" is no restart policy: use Always, OnFailure, Never or ExitCode");
  }
  std::string& of_pod = role.pod_template.spec.restart_policy;
  if (!of_pod.empty() && of_pod != policy) {
    rules_.Warning(FieldPath(FieldPath(FieldPath(path, "template"), "spec"), "restartPolicy"),
                   "\"" + of_pod + "\" has no effect: the replica's restartPolicy, " + policy +
                       ", is what counts; write it there");
  }
  of_pod.clear();
}

void ReplicaJob::SetPort(JobRole& role, Container& program, const std::string& path) {
  role.port = kind_.port;
  if (program.ports.is_null()) program.ports = Json::array();
  if (!program.ports.is_array()) return;  // CheckPodTemplate says it
  for (std::size_t i = 0; i < program.ports.size(); ++i) {
    const Json& port = program.ports[i];
    if (!port.is_object() || port.value("name", Json()) != kind_.port_name) continue;
    const Json number = port.value("containerPort", Json());
    if (number.is_number_integer()) {
      role.port = number.get<std::int32_t>();
    } else {
      rules_.Error(FieldPath(ElementPath(FieldPath(path, "ports"), i), "containerPort"),
                   "is no number: ranks find each other by it");
    }
    return;
  }
  program.ports.push_back({{"name", kind_.port_name}, {"containerPort", kind_.port}});
}

void ReplicaJob::SetNames(JobRole& role) {
  const std::string namespace_ = job_.meta.namespace_.empty() ? "default" : job_.meta.namespace_;
  const std::string host = job_.meta.name + "-" + role.name + "-" + kIndexToken;
  const std::string service = host + "." + namespace_ + ".svc";
  role.host_names = {host, host + "." + namespace_, service, service + ".cluster.local"};
  if (kind_.namespaced_hosts) std::swap(role.host_names[0], role.host_names[2]);
  Labels& labels = role.pod_template.metadata.labels;
  labels[kReplicaTypeLabel] = role.name;
  labels[kReplicaIndexLabel] = kIndexToken;
  labels[kOperatorNameLabel] = std::string(kind_.operator_name);
  labels[kJobNameLabel] = job_.meta.name;
}

void ReplicaJob::CheckName() {
  const std::string& name = job_.meta.name;
  if (name.empty() || IsServiceName(name)) return;
  rules_.Error("metadata.name",
               "\"" + name +
                   "\" is part of host names, which have lower case letters, digits and -, begin "
                   "with a letter and do not end with -");
}

void ReplicaJob::DecodeOwn() {
  if (!spec_.is_object()) return;
  RejectUnknownFields(spec_, spec_place_, {"runPolicy", kind_.field}, findings_);
}

JobRole* ReplicaJob::Role(std::string_view type) {
  const auto role = std::ranges::find(job_.spec.roles, Lower(type), &JobRole::name);
  return role == job_.spec.roles.end() ? nullptr : &*role;
}

std::string ReplicaJob::PathOf(std::string_view type) const {
  const auto role = std::ranges::find(job_.spec.roles, Lower(type), &JobRole::name);
  if (role == job_.spec.roles.end()) {
    return FieldPath(FieldPath("spec", kind_.field), type);
  }
  return paths_[static_cast<std::size_t>(std::distance(job_.spec.roles.begin(), role))];
}

std::int64_t ReplicaJob::Ranks() const {
  std::int64_t ranks = 0;
  for (const JobRole& role : job_.spec.roles) ranks += role.replicas;
  return ranks;
}

void ReplicaJob::AddToAll(JobRole& role, const std::vector<EnvVar>& env) {
  for (Container& container : role.pod_template.spec.containers) {
    container.env.insert(container.env.end(), env.begin(), env.end());
  }
}

void ReplicaJob::AddToProgram(JobRole& role, const std::vector<EnvVar>& env) {
  if (role.pod_template.spec.containers.empty()) return;
  std::vector<EnvVar>& there = role.pod_template.spec.containers[0].env;
  there.insert(there.end(), env.begin(), env.end());
}

TrainingJob ReplicaJob::Finish() {
  if (!job_.spec.roles.empty()) {
    JobRole& first = job_.spec.roles[0];
    if (!kind_.masters_only || first.name == "master") {
      first.pod_template.metadata.labels[kJobRoleLabel] = "master";
    }
  }
  const std::string& name = job_.meta.name;
  for (std::size_t i = 0; i < job_.spec.roles.size(); ++i) {
    const JobRole& role = job_.spec.roles[i];
    const std::string host =
        name + "-" + role.name + "-" + std::to_string(std::max(role.replicas - 1, 0));
    if (name.empty() || host.size() <= kHostNameMax) continue;
    rules_.Error("metadata.name", "is too long: the host of a rank would be " + host + ", of " +
                                      std::to_string(host.size()) +
                                      " characters, and no name of more than " +
                                      std::to_string(kHostNameMax) + " resolves; make it " +
                                      std::to_string(host.size() - kHostNameMax) + " shorter");
    break;
  }
  for (Finding& finding : WithRules(findings_.Take(), rules_.Take())) findings_.Add(finding);
  return std::move(job_);
}

}  // namespace lockstep
