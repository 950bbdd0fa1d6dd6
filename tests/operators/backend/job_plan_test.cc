#include "operators/backend/job_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/backend/variable_expansion.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The table of Kubernetes' own expansion tests, where it applies.
TEST(VariableExpansion, FollowsKubernetes) {
  const std::map<std::string, std::string> variables = {
      {"VAR_A", "A"}, {"VAR_EMPTY", ""}, {"VAR_REF", "$(VAR_A)"}};
  const std::pair<const char*, const char*> cases[] = {
      {"$(VAR_A)", "A"},
      {"___$(VAR_A)___", "___A___"},
      {"$(VAR_A)$(VAR_A)", "AA"},
      {"$(VAR_EMPTY)x", "x"},
      {"$(VAR_REF)", "$(VAR_A)"},
      {"$(MISSING)", "$(MISSING)"},
      {"$$(VAR_A)", "$(VAR_A)"},
      {"$$$(VAR_A)", "$A"},
      {"$$$$(VAR_A)", "$$(VAR_A)"},
      {"$VAR_A", "$VAR_A"},
      {"$(VAR_A", "$(VAR_A"},
      {"$", "$"},
      {"a$", "a$"},
      {"$()", "$()"},
      {"", ""},
  };
  for (const auto& [text, expanded] : cases)
    EXPECT_EQ(ExpandVariables(text, variables), expanded) << text;
}

// A world with one ConfigMap, "c".
Result<ConfigMap> OnlyC(const std::string&, const std::string& name) {
  if (name != "c") return NotFound("ConfigMap " + name + " does not exist");
  ConfigMap map;
  map.data = {{"KEY", "a 'b' \"c\"\n$(LR) $x"}, {"a.yaml", "x: 1\n"}, {"1st", "no variable"}};
  map.binary_data = {{"b.bin", "AAE="}};
  return map;
}

Result<LaunchPlan> LaunchPlanOf(const TrainingJob& job, int generation, const std::string& dir) {
  LOCKSTEP_ASSIGN_OR_RETURN(const JobPlan plan, MakeJobPlan(job, generation, "node", OnlyC));
  return MakeLaunchPlan(plan, {dir, "/state/volumes"});
}

TrainingJob Job() {
  TrainingJob job;
  job.meta.name = "fm";
  job.meta.namespace_ = "default";
  job.meta.uid = "0123456789abcdef";
  job.meta.annotations = {{kWorkingDirAnnotation, "/where/apply/ran"}, {kPathAnnotation, "/bin"}};
  JobRole role;
  role.name = "worker";
  role.replicas = 2;
  Container container;
  container.command = {"train"};
  container.args = {"--lr=$(LR)", "--out=$(OUT)"};
  container.env = {{"LR", "0.1"}, {"OUT", "/tmp/$(LR)"}};
  role.pod_template.spec.containers = {container};
  job.spec.roles = {role};
  return job;
}

TEST(JobPlan, BecomesALaunchPlan) {
  TrainingJob job = Job();
  job.spec.success_policy = "Rank0";
  job.spec.grace_period_seconds = 7;
  job.spec.active_deadline_seconds = 60;
  const auto plan = LaunchPlanOf(job, 3, "/jobs/fm/3");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->job, "fm-01234567");
  EXPECT_EQ(plan->generation, 3);
  EXPECT_EQ(plan->job_dir, "/jobs/fm/3");
  EXPECT_EQ(plan->success, SuccessRule::kRank0);
  EXPECT_EQ(plan->grace, std::chrono::seconds(7));
  EXPECT_EQ(plan->deadline, std::chrono::seconds(60));
  EXPECT_TRUE(plan->quiet);
  EXPECT_EQ(plan->env, (std::map<std::string, std::string>{{"PATH", "/bin"}}));
  ASSERT_EQ(plan->roles.size(), 1U);
  const LaunchRole& role = plan->roles[0];
  EXPECT_EQ(role.ranks, 2);
  EXPECT_EQ(role.working_dir, "/where/apply/ran");
  EXPECT_THAT(role.command, ElementsAre("train", "--lr=0.1", "--out=/tmp/0.1"));
  EXPECT_EQ(role.env.at("OUT"), "/tmp/0.1");
}

TEST(JobPlan, TheContainersDirectoryComesFirst) {
  TrainingJob job = Job();
  job.spec.roles[0].pod_template.spec.containers[0].working_dir = "/its/own";
  EXPECT_EQ(LaunchPlanOf(job, 0, "/j")->roles[0].working_dir, "/its/own");
}

TEST(JobPlan, AnInitContainerKeepsItsOwnEnvironment) {
  TrainingJob job = Job();
  Container init;
  init.command = {"fetch", "$(URL)"};
  init.env = {{"URL", "x"}};
  init.working_dir = "/data";
  Container plain;
  plain.command = {"true"};
  job.spec.roles[0].pod_template.spec.init_containers = {init, plain};
  const auto plan = LaunchPlanOf(job, 0, "/j");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  const std::vector<LaunchInit>& started = plan->roles[0].init;
  ASSERT_EQ(started.size(), 2U);
  EXPECT_THAT(started[0].command, ElementsAre("fetch", "x"));
  EXPECT_EQ(started[0].working_dir, "/data");
  EXPECT_EQ(started[0].env, (std::map<std::string, std::string>{{"URL", "x"}}));
  EXPECT_THAT(started[1].command, ElementsAre("true"));
  EXPECT_FALSE(started[1].sidecar);
}

PodSpec& Pod(TrainingJob& job) { return job.spec.roles[0].pod_template.spec; }

EnvVarSource Field(const std::string& path) { return {.field_ref = FieldRef{"", path}}; }
EnvVarSource Key(const std::string& map, const std::string& key, bool optional = false) {
  return {.config_map_key_ref = ConfigMapKeyRef{map, key, optional}};
}

TEST(JobPlan, TakesTheEnvironmentFromConfigMapsAndFields) {
  TrainingJob job = Job();
  job.meta.labels = {{"l", "of-job"}, {"m", "of-job"}};
  job.spec.roles[0].pod_template.metadata.labels = {{"l", "of-pod"}};
  Container& container = Pod(job).containers[0];
  container.args = {"$(P_KEY)", "$(NAME)", "$(LATE)"};
  container.env_from = {{"P_", ConfigMapEnvSource{"c", false}},
                        {"", ConfigMapEnvSource{"c", false}},
                        {"X_", ConfigMapEnvSource{"none", true}}};
  container.env = {
      {"LR", "0.1"},
      {"NAME", "", Field("metadata.name")},
      {"UID", "", Field("metadata.uid")},
      {"L", "", Field("metadata.labels['l']")},
      {"M", "", Field("metadata.labels['m']")},
      {"N", "", Field("metadata.annotations['n']")},
      {"NODE", "", Field("spec.nodeName")},
      {"IP", "", Field("status.podIP")},
      {"INDEX", "", Field("metadata.labels['batch.kubernetes.io/job-completion-index']")},
      {"ONE", "", Key("c", "KEY")},
      {"GONE", "", Key("c", "none", true)},
      {"GONE2", "", Key("none", "x", true)},
      {"KEY", "own $(P_KEY)"},
      {"LATE", "$(LR) $(ONE)"}};
  const auto plan = LaunchPlanOf(job, 0, "/j");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  const std::string value = "a 'b' \"c\"\n$(LR) $x";  // as it is: nothing in it is expanded
  EXPECT_EQ(plan->roles[0].env, (std::map<std::string, std::string>{{"P_KEY", value},
                                                                    {"P_a.yaml", "x: 1\n"},
                                                                    {"P_1st", "no variable"},
                                                                    {"a.yaml", "x: 1\n"},
                                                                    {"KEY", "own " + value},
                                                                    {"LR", "0.1"},
                                                                    {"NAME", "fm"},
                                                                    {"UID", "0123456789abcdef"},
                                                                    {"L", "of-pod"},
                                                                    {"M", "of-job"},
                                                                    {"N", ""},
                                                                    {"NODE", "node"},
                                                                    {"IP", "127.0.0.1"},
                                                                    {"INDEX", "${lockstep.index}"},
                                                                    {"ONE", value},
                                                                    {"LATE", "0.1 " + value}}));
  EXPECT_THAT(plan->roles[0].command, ElementsAre("train", value, "fm", "0.1 " + value));
}

TEST(JobPlan, NamesTheConfigMapOrKeyThatIsNotThere) {
  const auto error = [](auto change) {
    TrainingJob job = Job();
    change(Pod(job));
    const auto plan = MakeJobPlan(job, 0, "node", OnlyC);
    EXPECT_EQ(plan.status().kind(), StatusKind::kNotFound);
    return plan.status().message();
  };
  EXPECT_THAT(error([](PodSpec& pod) { pod.containers[0].env = {{"A", "", Key("d", "k")}}; }),
              HasSubstr("spec.roles[0].template.spec.containers[0].env[0].valueFrom."
                        "configMapKeyRef: there is no ConfigMap default/d: apply it"));
  EXPECT_THAT(error([](PodSpec& pod) { pod.containers[0].env = {{"A", "", Key("c", "k")}}; }),
              HasSubstr("the ConfigMap default/c has no key \"k\""));
  EXPECT_THAT(error([](PodSpec& pod) {
                pod.containers[0].env_from = {{"", ConfigMapEnvSource{"d", false}}};
              }),
              HasSubstr("containers[0].envFrom[0].configMapRef: there is no ConfigMap default/d"));
  EXPECT_THAT(error([](PodSpec& pod) {
                pod.volumes = {{.name = "v", .config_map = ConfigMapVolume{"d", {}, {}, false}}};
              }),
              HasSubstr("spec.volumes[0].configMap: there is no ConfigMap default/d"));
  EXPECT_THAT(error([](PodSpec& pod) {
                pod.volumes = {
                    {.name = "v", .config_map = ConfigMapVolume{"c", {{"k", "p", {}}}, {}, false}}};
              }),
              HasSubstr("spec.volumes[0].configMap.items[0].key: the ConfigMap default/c has no"));
}

TEST(JobPlan, AVolumeOfAConfigMapIsItsKeysOrThoseThatAreNamed) {
  TrainingJob job = Job();
  Pod(job).volumes = {
      {.name = "all", .config_map = ConfigMapVolume{"c", {}, {}, false}},
      {.name = "some",
       .config_map =
           ConfigMapVolume{
               "c", {{"b.bin", "x/y", 0400}, {"a.yaml", "a", {}}, {"none", "n", {}}}, 0600, true}},
      {.name = "none", .config_map = ConfigMapVolume{"d", {}, {}, true}}};
  const auto plan = MakeJobPlan(job, 0, "node", OnlyC);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  const auto text = [&](std::size_t i) {
    std::string all;
    for (const VolumeFile& file : plan->filled_volumes.at(i).files) {
      all += file.path + ":" + std::to_string(file.bytes.size()) + ":" + std::to_string(file.mode) +
             " ";
    }
    return all;
  };
  EXPECT_EQ(text(0), "1st:11:420 KEY:18:420 a.yaml:5:420 b.bin:2:420 ");
  EXPECT_EQ(text(1), "a:5:384 x/y:2:256 ");
  EXPECT_EQ(text(2), "");
}

std::vector<std::string> Described(const std::vector<LaunchMount>& mounts) {
  std::vector<std::string> texts;
  for (const LaunchMount& mount : mounts) {
    texts.push_back(mount.path + " " + mount.source + (mount.read_only ? " ro" : ""));
  }
  return texts;
}

TEST(JobPlan, MountsNameWhereVolumesAre) {
  TrainingJob job = Job();
  Pod(job).volumes = {{.name = "scratch", .empty_dir = EmptyDirVolume{}},
                      {.name = "data", .host_path = HostPathVolume{"/data", ""}},
                      {.name = "conf", .config_map = ConfigMapVolume{"c", {}, {}, false}},
                      {.name = "kept", .claim = ClaimVolume{"mine", false}},
                      {.name = "plain"}};
  Pod(job).containers[0].volume_mounts = {{"scratch", "/a", "sub", false},
                                          {"data", "/b", "", true},
                                          {"conf", "/c", "a.yaml", false},
                                          {"kept", "/d", "", false},
                                          {"plain", "/e", "", false}};
  const auto plan = LaunchPlanOf(job, 0, "/j");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_THAT(
      Described(plan->roles[0].mounts),
      ElementsAre("/a scratch/sub", "/b /data ro", "/c /j/volumes/role-worker/conf/a.yaml ro",
                  "/d /state/volumes/default/mine", "/e plain"));
}

TEST(JobPlan, SidecarsKeepTheirOrderAndTheCollectorComesLast) {
  TrainingJob job = Job();
  Container before;
  before.command = {"before"};
  Container side;
  side.name = "side";
  side.command = {"watch", "$(A)"};
  side.env = {{"A", "1"}};
  side.restart_policy = "Always";
  Pod(job).init_containers = {before, side, before};
  Pod(job).volumes = {{.name = "logs"}};
  auto made = MakeJobPlan(job, 0, "node", OnlyC);
  ASSERT_TRUE(made.ok());
  Container collector;
  collector.name = "collector";
  collector.command = {"collect"};
  collector.volume_mounts = {{"logs", "/logs", "", false}};
  made->collector_sidecar = CollectorSidecar{collector, std::chrono::seconds(9)};
  const auto plan = MakeLaunchPlan(*made, {"/j", "/v"});
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  std::vector<std::string> order;
  for (const LaunchInit& init : plan->roles[0].init) {
    order.push_back(init.command[0] + (init.sidecar ? " beside" : "") +
                    (init.linger.count() > 0 ? " lingers" : ""));
  }
  EXPECT_THAT(order, ElementsAre("before", "watch beside", "before", "collect beside lingers"));
  EXPECT_THAT(plan->roles[0].init[1].command, ElementsAre("watch", "1"));
  EXPECT_THAT(Described(plan->roles[0].init[3].mounts), ElementsAre("/logs logs"));
}

TEST(JobPlan, RefusesWhatCannotRunHereByItsPath) {
  const auto error = [](auto change) {
    TrainingJob job = Job();
    change(job);
    const auto plan = LaunchPlanOf(job, 0, "/j");
    EXPECT_EQ(plan.status().kind(), StatusKind::kInvalidArgument);
    return plan.status().message();
  };
  EXPECT_THAT(error([](TrainingJob& job) {
                job.spec.roles[0].pod_template.spec.containers[0].command.clear();
              }),
              HasSubstr("spec.roles[0].template.spec.containers[0].command"));
  EXPECT_THAT(
      error([](TrainingJob& job) { job.spec.roles[0].pod_template.spec.containers.clear(); }),
      HasSubstr("spec.roles[0].template.spec.containers: has 0 containers"));
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.success_policy = "Chief"; }),
              HasSubstr("spec.successPolicy: 'Chief'"));
  EXPECT_THAT(error([](TrainingJob& job) {
                Pod(job).containers[0].volume_mounts = {{"v", "/v", "", false}};
              }),
              HasSubstr("containers[0].volumeMounts[0].name: there is no volume \"v\""));
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.roles.clear(); }), HasSubstr("roles"));
}

}  // namespace
}  // namespace lockstep
