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
#include "tests/conformance/recorded_cases.h"

namespace lockstep {
namespace {

constexpr char kSet[] = "operators/children";
constexpr char kNamespace[] = "lab";

// Kinds that have no spoke yet: strike a row, and its cases are run.
const std::map<std::string, std::string> kSkipped = {
    {"mpi1-", "kubeflow.org/v1 MPIJob is not converted yet"},
    {"mpi2-", "kubeflow.org/v2beta1 MPIJob is not converted yet"},
    {"tj-", "trainer.kubeflow.org TrainJob is not converted yet"},
};
// They wait for what a job of processes has from the start.
const std::set<std::string> kWaiting = {"init-pytorch", "kubectl-delivery"};
// Labels of gang scheduling.
const std::set<std::string> kGangLabels = {"scheduling.x-k8s.io/pod-group"};

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

Lines RecordedPod(const Json& pod) {
  Lines lines;
  const Json& spec = pod.at("spec");
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
  const Json labels = pod.value("labels", Json::object());
  for (const auto& [key, value] : labels.items()) {
    if (!kGangLabels.contains(key)) lines["label " + key] = value;
  }
  return lines;
}

// ExitCode is the operator's own rule: its pods are never started again by a kubelet.
std::string PodRestartPolicy(const JobRole& role) {
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
  for (const auto& [key, value] : PodLabels(job, place.rank)) lines["label " + key] = value;
  return lines;
}

// What a pod is called in host names; pods of a Job have a random name, and their host name.
std::string NameOf(const Json& pod) {
  const std::string host = pod.at("spec").value("hostname", "");
  const std::string name = pod.at("name");
  return name.ends_with("-<rand>") && !host.empty() ? host : name;
}

// By name; those too that come once others run.
std::map<std::string, Lines> RecordedPods(const Json& expected) {
  std::map<std::string, Lines> pods;
  for (const char* const list :
       {"children", "changedOncePodGroupInqueue", "changedOnceAllPodsRun"}) {
    for (const Json& child : expected.value(list, Json::array())) {
      if (child.at("kind") == "Pod") pods[NameOf(child)] = RecordedPod(child);
    }
  }
  return pods;
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

// Text of the host file that the operator makes, and of ours; "" when there is none.
std::string RecordedHostFile(const Json& expected) {
  for (const Json& child : expected.value("children", Json::array())) {
    if (child.at("kind") != "ConfigMap" || !child.contains("data")) continue;
    if (child["data"].contains("hostfile")) return child["data"]["hostfile"];
  }
  return "";
}

std::string OwnHostFile(const TrainingJob& job) {
  for (const JobRole& role : job.spec.roles) {
    for (const Volume& volume : role.pod_template.spec.volumes) {
      for (const InlineFile& file : volume.inline_files) {
        if (file.path == "hostfile") return Expanded(job.spec, {}, file.text);
      }
    }
  }
  return "";
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

Differences Compare(const Json& expected, const Converted& converted) {
  Differences differences;
  for (const Finding& finding : converted.findings) {
    if (finding.severity != Finding::Severity::kError) continue;
    differences.push_back("refused: " + finding.path);
    std::cout << FormatFinding("case", finding) << "\n";
  }
  if (expected.contains("rejected")) {
    if (differences.empty()) return {"taken"};
    return {};
  }
  if (!differences.empty()) return differences;
  const auto theirs = RecordedPods(expected);
  const auto ours = OwnPods(converted.job);
  for (const auto& [name, lines] : theirs) {
    const auto own = ours.find(name);
    if (own == ours.end()) {
      differences.push_back(name + ": no rank");
    } else {
      CompareLines(name, lines, own->second, differences);
    }
  }
  for (const auto& [name, lines] : ours) {
    if (!theirs.contains(name)) differences.push_back(name + ": no pod");
  }
  if (RecordedHostFile(expected) != OwnHostFile(converted.job)) {
    differences.emplace_back("hostfile");
  }
  return differences;
}

std::string Joined(const Differences& differences) {
  std::string text;
  for (const std::string& difference : differences) {
    text += (text.empty() ? "" : "; ") + difference;
  }
  return text;
}

class OperatorsChildren : public ::testing::TestWithParam<std::string> {
 public:
  static void SetUpTestSuite() {
    known_ = RecordedDifferences("tests/operators/convert/operators_children_differences.txt");
  }
  static void TearDownTestSuite() {
    tally_.Print();
    if (skipped_ > 0) std::cout << kSet << ": " << skipped_ << " more cases are skipped\n";
    if (!RecordedElsewhere()) {
      EXPECT_EQ(tally_.differ, static_cast<int>(known_.size()))
          << "the table names cases that are gone, or agree";
    }
  }

 protected:
  static inline std::map<std::string, RecordedDifference> known_;
  static inline RecordedTally tally_ = {.set = kSet};
  static inline int skipped_ = 0;
};

TEST_P(OperatorsChildren, AreOurRanks) {
  const std::string& name = GetParam();
  for (const auto& [prefix, why] : kSkipped) {
    if (!name.starts_with(prefix)) continue;
    ++skipped_;
    GTEST_SKIP() << name << ": " << why;
  }
  const auto folder = RecordedFolder(kSet);
  auto documents = ParseYaml(ReadRecordedText(folder / (name + ".yaml")), name + ".yaml");
  ASSERT_TRUE(documents.ok()) << documents.status().message();
  Document& document = documents->back();
  document.value["metadata"]["namespace"] = kNamespace;
  const auto converted = ConvertToTrainingJob(document);
  ASSERT_TRUE(converted.ok()) << converted.status().message();
  const std::string how =
      Joined(Compare(ReadRecordedJson(folder / (name + ".expected.json")), *converted));
  const auto known = known_.find(name);
  if (how.empty()) {
    ++tally_.agree;
    EXPECT_EQ(known, known_.end()) << name << " agrees: strike it from the table";
  } else if (known != known_.end()) {
    ++tally_.differ;
    EXPECT_EQ(how, known->second.how);
    std::cout << "differs on purpose: " << name << ": " << known->second.why << "\n";
  } else {
    ++tally_.fail;
    ADD_FAILURE() << name << " | " << how << " | ";
  }
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
