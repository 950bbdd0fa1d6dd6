// The pods that the training operators made of a manifest (tests/conformance/data/operators/
// children) against the ranks that we make of it: programs, variables, ports, the user's own init
// steps, restart rules, labels and host files. Not compared, since a plan has nothing of the kind:
// services, accounts, roles, secrets, pod groups and schedulers; init containers that an operator
// adds, which only wait for what is there at once here; and what a pod says of nodes.
//
// Where we differ on purpose, the case stands in operators_children_differences.txt with the
// reason; a case that agrees must not stand there.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include "operators/api/encode_visitor.h"
#include "operators/convert/convert.h"
#include "operators/convert/pod_labels.h"
#include "tests/conformance/recorded_verdict.h"

namespace lockstep {
namespace {

constexpr char kSet[] = "operators/children";
constexpr char kNamespace[] = "lab";

// They wait for what a job of processes has from the start.
const std::set<std::string> kWaiting = {"init-pytorch", "kubectl-delivery"};
// The steps of a TrainJob that come before its ranks: init steps here, as far as they name a
// program.
const std::set<std::string> kInitializers = {"dataset-initializer", "model-initializer"};
constexpr char kStepLabel[] = "jobset.sigs.k8s.io/replicatedjob-name";

// Labels of gang scheduling, of what JobSet counts, and of the controllers' own book-keeping.
bool IsCompared(const std::string& label) {
  if (label == "scheduling.x-k8s.io/pod-group" || label.ends_with("controller-uid")) return false;
  return !label.starts_with("jobset.sigs.k8s.io/") || label == kStepLabel ||
         label == "jobset.sigs.k8s.io/jobset-name";
}

using Differences = std::vector<std::string>;

// What is compared of a pod, a line each.
using Lines = std::map<std::string, std::string>;

void Replace(const std::string& token, const std::string& with, std::string& text) {
  for (std::size_t at = text.find(token); at != std::string::npos;
       at = text.find(token, at + with.size())) {
    text.replace(at, token.size(), with);
  }
}

struct RankPlace {
  int rank = 0;
  int index = 0;
};

// The text of a rank, with what the manifest says for what the launcher would allocate.
std::string Expanded(const TrainingJobSpec& spec, const RankPlace& place, std::string text) {
  Replace("${lockstep.rank}", std::to_string(place.rank), text);
  Replace("${lockstep.index}", std::to_string(place.index), text);
  for (const JobRole& role : spec.roles) {
    for (int i = 0; i < role.replicas; ++i) {
      const std::string index = std::to_string(i);
      std::string host = role.host_names.empty() ? "" : role.host_names[0];
      Replace("${lockstep.index}", index, host);
      Replace("${lockstep.host:" + role.name + "/" + index + "}", host, text);
      Replace("${lockstep.port:" + role.name + "/" + index + "}", std::to_string(role.port), text);
    }
  }
  return text;
}

using TextOf = std::function<std::string(const std::string&)>;

std::string Words(const Json& container, const char* field, const TextOf& text) {
  std::string words;
  for (const Json& word : container.value(field, Json::array())) {
    words += (words.empty() ? "" : " | ") + text(word.get<std::string>());
  }
  return words;
}

// A container of a pod, as an API server writes it.
void AddContainer(const Json& container, const std::string& place, const TextOf& text,
                  Lines& lines) {
  lines[place + " command"] = Words(container, "command", text);
  lines[place + " args"] = Words(container, "args", text);
  lines[place + " workingDir"] = container.value("workingDir", "");
  lines[place + " envFrom"] = container.value("envFrom", Json()).dump();
  std::string order;
  for (const Json& variable : container.value("env", Json::array())) {
    const std::string name = variable.at("name");
    order += name + " ";
    lines[place + " env " + name] +=  // all values of a name that is there twice
        variable.contains("valueFrom") ? variable["valueFrom"].dump() + "\n"
                                       : text(variable.value("value", "")) + "\n";
  }
  lines[place + " env order"] = order;
  for (const Json& port : container.value("ports", Json::array())) {
    lines[place + " ports"] +=
        port.value("name", "") + "=" + std::to_string(port.at("containerPort").get<int>()) + " ";
  }
}

std::string AsIs(const std::string& text) { return text; }

// `json` with a rank's number for what a pod reads from its own labels.
void ResolveIndex(const Json& index, Json& json) {
  for (Json& part : json) {
    if (part.is_structured()) ResolveIndex(index, part);
  }
  const auto source = json.is_object() ? json.find("valueFrom") : json.end();
  if (source == json.end() || source->dump().find("job-completion-index") == std::string::npos) {
    return;
  }
  json = {{"name", json.at("name")}, {"value", index}};
}

Lines RecordedPod(Json pod) {
  Lines lines;
  Json& spec = pod.at("spec");
  const Json own_labels = pod.value("labels", Json::object());
  ResolveIndex(own_labels.value("batch.kubernetes.io/job-completion-index", ""), spec);
  for (const Json& container : spec.at("containers")) {
    AddContainer(container, container.at("name"), AsIs, lines);
  }
  std::string inits;
  for (const Json& init : spec.value("initContainers", Json::array())) {
    if (kWaiting.contains(init.at("name"))) continue;
    inits += init.at("name").get<std::string>() + " ";
    AddContainer(init, "init " + init.at("name").get<std::string>(), AsIs, lines);
  }
  lines["inits"] = inits;
  lines["restartPolicy"] = spec.value("restartPolicy", "Always");
  for (const auto& [key, value] : own_labels.items()) {
    if (IsCompared(key)) lines["label " + key] = value;
  }
  return lines;
}

// ExitCode is the operator's own rule: its pods are never started again by a kubelet.
// Of a Job's pods it says how, and not whether, they are tried again.
std::string PodRestartPolicy(const JobRole& role) {
  if (role.restart_policy.empty()) return role.pod_template.spec.restart_policy;
  return role.restart_policy == "ExitCode" ? "Never" : role.restart_policy;
}

Lines OwnPod(const TrainingJob& job, const JobRole& role, const RankPlace& place) {
  const TextOf text = [&](const std::string& raw) { return Expanded(job.spec, place, raw); };
  Lines lines;
  const PodSpec& pod = role.pod_template.spec;
  for (const Container& container : pod.containers) {
    AddContainer(EncodeValue(container), container.name, text, lines);
  }
  std::string inits;
  for (const Container& init : pod.init_containers) {
    inits += init.name + " ";
    AddContainer(EncodeValue(init), "init " + init.name, text, lines);
  }
  lines["inits"] = inits;
  lines["restartPolicy"] = PodRestartPolicy(role);
  for (const auto& [key, value] : PodLabels(job, place.rank)) {
    if (IsCompared(key)) lines["label " + key] = value;
  }
  return lines;
}

// What a pod is called in host names; pods of a Job have a random name, and their host name.
std::string NameOf(const Json& pod) {
  const std::string host = pod.at("spec").value("hostname", "");
  const std::string name = pod.at("name");
  return name.ends_with("-<rand>") && !host.empty() ? host : name;
}

constexpr const char* kLists[] = {"children", "changedOncePodGroupInqueue",
                                  "changedOnceAllPodsRun"};

// The pods that a JobSet's controllers make once what its steps wait for is there, which the
// recording did not wait for.
std::map<std::string, Json> PodsOfJobSet(const Json& jobset) {
  std::map<std::string, Json> pods;
  const std::string name = jobset.at("name");
  for (const Json& step : jobset.at("spec").at("replicatedJobs")) {
    const Json& job = step.at("template").at("spec");
    const std::string job_name = name + "-" + step.at("name").get<std::string>() + "-0";
    for (int i = 0; i < job.value("parallelism", 1); ++i) {
      Json pod = job.at("template");
      const std::string index = std::to_string(i);
      pod["name"] = job_name + "-" + index;
      pod["labels"] = {{"jobset.sigs.k8s.io/jobset-name", name},
                       {kStepLabel, step.at("name")},
                       {"batch.kubernetes.io/job-name", job_name},
                       {"job-name", job_name},
                       {"batch.kubernetes.io/job-completion-index", index}};
      for (Json& container : pod["spec"]["containers"]) {
        Json env = container.value("env", Json::array());
        const bool given = std::ranges::any_of(env, [](const Json& variable) {
          return variable.at("name") == "JOB_COMPLETION_INDEX";
        });
        if (!given) env.push_back({{"name", "JOB_COMPLETION_INDEX"}, {"value", index}});
        container["env"] = env;
      }
      pods[pod["name"]] = pod;
    }
  }
  return pods;
}

// By name; those too that come once others run.
std::map<std::string, Json> RecordedPods(const Json& expected) {
  std::map<std::string, Json> pods;
  for (const char* const list : kLists) {
    for (const Json& child : expected.value(list, Json::array())) {
      if (child.at("kind") == "Pod") pods[NameOf(child)] = child;
    }
  }
  for (const Json& child : expected.value("children", Json::array())) {
    if (child.at("kind") == "JobSet") pods.merge(PodsOfJobSet(child));
  }
  std::erase_if(pods, [](const auto& pod) {
    return kInitializers.contains(pod.second.at("labels").value(kStepLabel, ""));
  });
  return pods;
}

// Without the containers that name no program and are left out here.
Json WithoutLeftOut(Json pod, const Lines& ours) {
  Json kept = Json::array();
  for (const Json& container : pod.at("spec").at("containers")) {
    const bool there = ours.contains(container.at("name").get<std::string>() + " command");
    if (there || container.contains("command")) kept.push_back(container);
  }
  pod["spec"]["containers"] = kept;
  return pod;
}

bool IsSuspended(const Json& expected) {
  const Json status = expected.value("status", Json::object());
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (condition.at("type") == "Suspended" && condition.at("status") == "True") return true;
  }
  return false;
}

std::map<std::string, Lines> OwnPods(const TrainingJob& job) {
  std::map<std::string, Lines> pods;
  int rank = 0;
  for (const JobRole& role : job.spec.roles) {
    for (int i = 0; i < role.replicas; ++i) {
      const RankPlace place{rank++, i};
      std::string host = role.host_names.empty() ? role.name : role.host_names[0];
      Replace("${lockstep.index}", std::to_string(i), host);
      pods[host.substr(0, host.find('.'))] = OwnPod(job, role, place);
    }
  }
  return pods;
}

// Files that the operator makes for mpirun, by name, as they are once all pods run; and ours.
using Files = std::map<std::string, std::string>;

Files RecordedFiles(const Json& expected) {
  Files files;
  for (const char* const list : kLists) {
    for (const Json& child : expected.value(list, Json::array())) {
      if (child.at("kind") != "ConfigMap" || !child.contains("data")) continue;
      if (!child["data"].contains("hostfile")) continue;
      for (const auto& [name, text] : child["data"].items()) files[name] = text;
    }
  }
  return files;
}

Files OwnFiles(const TrainingJob& job) {
  Files files;
  for (const JobRole& role : job.spec.roles) {
    for (const Volume& volume : role.pod_template.spec.volumes) {
      for (const InlineFile& file : volume.inline_files) {
        files[file.path] = Expanded(job.spec, {}, file.text);
      }
    }
  }
  return files;
}

void CompareLines(const std::string& pod, const Lines& theirs, const Lines& ours,
                  Differences& differences) {
  std::set<std::string> keys;
  for (const Lines* const lines : {&theirs, &ours}) {
    for (const auto& [key, value] : *lines) keys.insert(key);
  }
  for (const std::string& key : keys) {
    const auto their = theirs.find(key);
    const auto our = ours.find(key);
    const std::string expected = their == theirs.end() ? "" : their->second;
    const std::string found = our == ours.end() ? "" : our->second;
    if (expected == found) continue;
    differences.push_back(pod + ": " + key);
    std::cout << pod << ": " << key << ": theirs \"" << expected << "\", ours \"" << found
              << "\"\n";
  }
}

// What is said of the manifest. That a container names no program keeps it from being run here, and
// not from being compared.
Differences Refusals(const Converted& converted) {
  Differences refusals;
  for (const Finding& finding : converted.findings) {
    if (finding.severity != Finding::Severity::kError) continue;
    if (finding.unsupported && finding.path.ends_with("command")) continue;
    refusals.push_back("refused: " + finding.path);
    std::cout << FormatFinding("case", finding) << "\n";
  }
  return refusals;
}

Differences Compare(const Json& expected, const Converted& converted) {
  Differences differences = Refusals(converted);
  if (expected.contains("rejected")) {
    if (differences.empty()) return {"taken"};
    return {};
  }
  if (!differences.empty()) return differences;
  const auto theirs = RecordedPods(expected);
  const auto ours = OwnPods(converted.job);
  if (theirs.empty() && IsSuspended(expected)) return {};
  for (const auto& [name, pod] : theirs) {
    const auto own = ours.find(name);
    if (own == ours.end()) {
      differences.push_back(name + ": no rank");
    } else {
      CompareLines(name, RecordedPod(WithoutLeftOut(pod, own->second)), own->second, differences);
    }
  }
  for (const auto& [name, lines] : ours) {
    if (!theirs.contains(name)) differences.push_back(name + ": no pod");
  }
  Files own_files = OwnFiles(converted.job);
  Files files = RecordedFiles(expected);
  if (!expected.contains("changedOnceAllPodsRun")) {  // the script lists pods that run
    files.erase("discover_hosts.sh");
    own_files.erase("discover_hosts.sh");
  }
  CompareLines("files", files, own_files, differences);
  return differences;
}

std::string Joined(const Differences& differences) {
  std::string text;
  for (const std::string& difference : differences) {
    text += (text.empty() ? "" : "; ") + difference;
  }
  return text;
}

// The runtimes of a case's file, before those that are shipped.
RuntimeLookup RuntimesIn(const std::vector<Document>& documents) {
  return [&documents](const std::string& kind, const std::string&,
                      const std::string& name) -> Result<Json> {
    for (const Document& document : documents) {
      const Json& value = document.value;
      if (value.at("kind") == kind && value.at("metadata").at("name") == name) return value;
    }
    return NotFound(kind + " " + name);
  };
}

class OperatorsChildren : public ::testing::TestWithParam<std::string> {
 public:
  static void SetUpTestSuite() {
    known_ = RecordedDifferences("tests/operators/convert/operators_children_differences.txt");
  }
  static void TearDownTestSuite() {
    tally_.Print();
    if (!RecordedElsewhere()) {
      EXPECT_EQ(tally_.differ, static_cast<int>(known_.size()))
          << "the table names cases that are gone, or agree";
    }
  }

 protected:
  static inline std::map<std::string, RecordedDifference> known_;
  static inline RecordedTally tally_ = {.set = kSet};
};

TEST_P(OperatorsChildren, AreOurRanks) {
  const std::string& name = GetParam();
  const auto folder = RecordedFolder(kSet);
  auto documents = ParseYaml(ReadRecordedText(folder / (name + ".yaml")), name + ".yaml");
  ASSERT_TRUE(documents.ok()) << documents.status().message();
  Document& document = documents->back();
  document.value["metadata"]["namespace"] = kNamespace;
  const auto converted = ConvertToTrainingJob(document, RuntimesIn(*documents));
  ASSERT_TRUE(converted.ok()) << converted.status().message();
  const std::string how =
      Joined(Compare(ReadRecordedJson(folder / (name + ".expected.json")), *converted));
  JudgeRecorded(name, how, known_, &tally_);
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, OperatorsChildren, ::testing::ValuesIn(RecordedCases(kSet)),
                         TestName);

}  // namespace
}  // namespace lockstep
