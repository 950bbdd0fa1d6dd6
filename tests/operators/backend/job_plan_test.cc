#include "operators/backend/job_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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

TEST(JobPlan, CarriesWhatAnyKindSaysOfItsRoles) {
  TrainingJob job = Job();
  JobRole& worker = job.spec.roles[0];
  worker.restart_policy = "ExitCode";
  worker.host_names = {"fm-worker-${lockstep.index}"};
  worker.port = 2222;
  Pod(job).containers[0].env = {{"RANK", "${lockstep.rank}"},
                                {"A", "$(RANK)@${lockstep.host:worker/0}"}};
  JobRole lent = worker;
  lent.name = "node";
  lent.replicas = 3;
  lent.host_only = true;
  lent.pod_template.spec.containers[0].command.clear();  // sshd, of its image
  lent.pod_template.spec.volumes = {{.name = "h", .host_path = HostPathVolume{"/no", "Directory"}}};
  job.spec.roles.push_back(lent);
  job.spec.success_policy = "FirstRole";
  job.spec.rank_environment = "Lockstep";
  const auto plan = LaunchPlanOf(job, 0, "/j");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  ASSERT_EQ(plan->roles.size(), 1U);
  EXPECT_EQ(plan->roles[0].restart, RestartRule::kExitCode);
  EXPECT_EQ(plan->roles[0].port, 2222);
  EXPECT_THAT(plan->roles[0].host_names, ElementsAre("fm-worker-${lockstep.index}"));
  EXPECT_EQ(plan->roles[0].env.at("A"), "${lockstep.rank}@${lockstep.host:worker/0}");
  ASSERT_EQ(plan->lent_hosts.size(), 1U);
  EXPECT_EQ(plan->lent_hosts[0].role, "node");
  EXPECT_EQ(plan->lent_hosts[0].count, 3);
  EXPECT_EQ(plan->success, SuccessRule::kFirstRole);
  EXPECT_EQ(plan->rank_variables, RankVariables::kLockstep);
  const auto made = MakeJobPlan(job, 0, "node", OnlyC);
  const std::string dir = testing::TempDir() + "lockstep-job-plan";
  EXPECT_TRUE(PrepareVolumes(*made, {dir, dir}).ok()) << "of a role that is not started";
}

TEST(JobPlan, KnowsEachPolicyByItsName) {
  const auto with = [](const std::string& success, const std::string& restart) {
    TrainingJob job = Job();
    job.spec.success_policy = success;
    job.spec.roles[0].restart_policy = restart;
    const auto plan = LaunchPlanOf(job, 0, "/j");
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    return std::pair(plan->success, plan->roles[0].restart);
  };
  EXPECT_EQ(with("", ""), std::pair(SuccessRule::kAllRanks, RestartRule::kOnFailure));
  EXPECT_EQ(with("AllRanks", "OnFailure"),
            std::pair(SuccessRule::kAllRanks, RestartRule::kOnFailure));
  EXPECT_EQ(with("AnyRank", "Always"), std::pair(SuccessRule::kAnyRank, RestartRule::kAlways));
  EXPECT_EQ(with("Rank0", "Never"), std::pair(SuccessRule::kRank0, RestartRule::kNever));
}

TEST(JobPlan, FurtherContainersRunBesideEachRank) {
  TrainingJob job = Job();
  Container side = Pod(job).containers[0];
  side.name = "tensorboard";
  side.command = {"board"};
  side.working_dir = "/board";
  side.volume_mounts = {{"logs", "/logs", "", false}};
  Pod(job).containers.push_back(side);
  Pod(job).volumes = {{.name = "logs"}};
  Container native = side;
  native.name = "native";
  native.restart_policy = "Always";
  Pod(job).init_containers = {native};
  auto plan = LaunchPlanOf(job, 0, "/j");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  ASSERT_EQ(plan->roles[0].init.size(), 2U);
  EXPECT_EQ(plan->roles[0].init[0].name, "native");
  EXPECT_TRUE(plan->roles[0].init[0].sidecar && plan->roles[0].init[0].every_rank);
  const LaunchInit& board = plan->roles[0].init[1];
  EXPECT_TRUE(board.sidecar && board.every_rank);
  EXPECT_EQ(board.name, "tensorboard");
  EXPECT_EQ(board.env.at("OUT"), "/tmp/0.1");
  EXPECT_EQ(board.working_dir, "/board");
  EXPECT_THAT(board.command, ElementsAre("board", "--lr=0.1", "--out=/tmp/0.1"));
  EXPECT_THAT(Described(board.mounts), ElementsAre("/logs logs"));
  job.spec.roles[0].replicas = 1;
  plan = LaunchPlanOf(job, 0, "/j");
  EXPECT_FALSE(plan->roles[0].init[0].every_rank) << "its log is native.log";
}

TEST(JobPlan, InlineFilesAreWrittenOnceOrForEachRank) {
  TrainingJob job = Job();
  Pod(job).volumes = {
      {.name = "same", .inline_files = {{"hostfile", "a slots=1", "localhost slots=4", 0444}}},
      {.name = "own", .inline_files = {{"d/me", "${lockstep.rank}"}, {"b", "x"}}}};
  Pod(job).containers[0].volume_mounts = {{"same", "/etc/mpi", "", false},
                                          {"own", "/own", "", false}};
  const std::string dir = testing::TempDir() + "lockstep-inline";
  const auto plan = LaunchPlanOf(job, 0, dir);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_THAT(Described(plan->roles[0].mounts),
              ElementsAre("/etc/mpi " + dir + "/volumes/role-worker/same ro", "/own own ro"));
  ASSERT_EQ(plan->roles[0].files.size(), 2U);
  EXPECT_EQ(plan->roles[0].files[0].path, "own/d/me");
  EXPECT_EQ(plan->roles[0].files[0].text, "${lockstep.rank}");
  EXPECT_EQ(plan->roles[0].files[1].path, "own/b");
  ASSERT_TRUE(PrepareVolumes(*MakeJobPlan(job, 0, "node", OnlyC), {dir, dir}).ok());
  std::ifstream file(dir + "/volumes/role-worker/same/hostfile");
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "localhost slots=4");
  EXPECT_FALSE(std::filesystem::exists(dir + "/volumes/role-worker/own"));
  std::filesystem::remove_all(dir);
}

Result<LaunchPlan> PlanWithImages(const TrainingJob& job, const ImageRules& images) {
  LOCKSTEP_ASSIGN_OR_RETURN(const JobPlan plan, MakeJobPlan(job, 0, "node", OnlyC));
  return MakeLaunchPlan(plan, {"/j", "/v"}, images);
}

TEST(JobPlan, ImagesRunWhereTheMapSays) {
  TrainingJob job = Job();
  Pod(job).containers[0].image = "torch:2";
  Container fetch;
  fetch.command = {"fetch"};
  Pod(job).init_containers = {fetch};
  auto plan = PlanWithImages(job, {});
  EXPECT_EQ(plan->roles[0].image, "torch:2");
  EXPECT_EQ(plan->roles[0].root, "");
  plan = PlanWithImages(job, {{{"torch:2", "host"}}, true});
  EXPECT_EQ(plan->roles[0].image, "") << "somebody has said so";
  EXPECT_EQ(plan->roles[0].command[0], "train");
  EXPECT_EQ(plan->roles[0].init[0].working_dir, "") << "the role's";
  plan = PlanWithImages(job, {{{"torch:2", "/images/torch"}}, false});
  EXPECT_EQ(plan->roles[0].root, "/images/torch");
  EXPECT_EQ(plan->roles[0].image, "");
  EXPECT_EQ(plan->roles[0].working_dir, "/") << "that of apply is none of the image's";
  EXPECT_EQ(plan->roles[0].env.at("PATH"), kImagePath);
  EXPECT_EQ(plan->roles[0].init[0].root, "") << "it has no image";
  EXPECT_EQ(plan->roles[0].init[0].working_dir, "/where/apply/ran");
  EXPECT_EQ(plan->roles[0].init[0].env.at("PATH"), "/bin");
}

TEST(JobPlan, PodmanIsToldAllThatTheContainerNeeds) {
  TrainingJob job = Job();
  job.spec.rank_environment = "Lockstep";
  job.spec.roles[0].host_names = {"w-${lockstep.index}"};
  Container& container = Pod(job).containers[0];
  container.image = "torch:2";
  container.working_dir = "/src";
  container.env.push_back({"PATH", "/opt/conda/bin"});
  container.env.push_back({"HOME", "/src"});  // not where podman's storage is
  Pod(job).volumes = {{.name = "logs"}, {.name = "data", .host_path = HostPathVolume{"/d", ""}}};
  container.volume_mounts = {{"logs", "/logs", "", false}, {"data", "/data", "", true}};
  auto plan = PlanWithImages(job, {{}, true});
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  const LaunchRole& role = plan->roles[0];
  EXPECT_THAT(role.command,
              ElementsAre("podman", "run", "--rm", "--init", "--network", "host", "--pull",
                          "missing", "--security-opt", "label=disable", "--add-host",
                          "w-0:127.0.0.1", "--add-host", "w-1:127.0.0.1", "-v", "/j:/j", "-v",
                          "/j/volumes/rank-${lockstep.rank}/logs:/logs", "-v", "/d:/data:ro", "-w",
                          "/src", "-e", "LOCKSTEP_*", "-e", "HOME=/src", "-e", "LR", "-e", "OUT",
                          "-e", "PATH=/opt/conda/bin", "--entrypoint", "[\"train\"]", "torch:2",
                          "--lr=0.1", "--out=/tmp/0.1"));
  EXPECT_TRUE(role.container);
  EXPECT_TRUE(role.mounts.empty());
  EXPECT_FALSE(role.env.contains("PATH")) << "podman is found by the machine's";
  EXPECT_FALSE(role.env.contains("HOME"));
  EXPECT_EQ(role.env.at("LR"), "0.1");
  EXPECT_EQ(role.image, "");

  job.spec.rank_environment = "";
  container.command.clear();  // the image's own
  container.image_pull_policy = "Never";
  plan = PlanWithImages(job, {{}, true});
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_THAT(plan->roles[0].command,
              testing::IsSupersetOf({"never", "WORLD_SIZE", "MASTER_PORT"}));
  EXPECT_THAT(plan->roles[0].command, testing::Not(testing::Contains("--entrypoint")));

  Pod(job).volumes[1].host_path->path = "/a:b";
  EXPECT_THAT(PlanWithImages(job, {{}, true}).status().message(),
              HasSubstr("containers[0]: '/a:b' cannot be shown at '/data' by podman"));
  container.image = "--privileged";
  EXPECT_THAT(PlanWithImages(job, {{}, true}).status().message(),
              HasSubstr("containers[0]: its image '--privileged' is no name of an image"));
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
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.rank_environment = "None"; }),
              HasSubstr("spec.rankEnvironment: 'None'"));
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.roles[0].restart_policy = "Once"; }),
              HasSubstr("spec.roles[0].restartPolicy: 'Once'"));
  EXPECT_THAT(error([](TrainingJob& job) {
                Pod(job).containers[0].env = {{"A", "${lockstep.port:ps/0}"}};
              }),
              HasSubstr("roles[0].env.A: '${lockstep.port:ps/0}' names the role 'ps'"));
  EXPECT_THAT(error([](TrainingJob& job) {
                Pod(job).containers[0].volume_mounts = {{"v", "/v", "", false}};
              }),
              HasSubstr("containers[0].volumeMounts[0].name: there is no volume \"v\""));
  EXPECT_THAT(error([](TrainingJob& job) { job.spec.roles.clear(); }), HasSubstr("roles"));
}

}  // namespace
}  // namespace lockstep
