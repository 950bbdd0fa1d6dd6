#include "cli/operator_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "cli/machine.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

EnvReader Env(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

std::string Wrong(const std::string& text) {
  const auto config = ParseOperatorConfig(text, "config.yaml", "/home/u");
  EXPECT_EQ(config.status().kind(), StatusKind::kInvalidArgument) << text;
  return config.status().message();
}

TEST(OperatorConfig, IsReadWithItsUnits) {
  const auto config = ParseOperatorConfig(
      "imageMap: {docker.io/a:1: ~/roots/a, b: host}\n"
      "runtime: podman\ngpus: 2\ncpus: 1500m\nmemory: 16Gi\n",
      "config.yaml", "/home/u");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(config->image_map,
              ElementsAre(Pair("b", "host"), Pair("docker.io/a:1", "/home/u/roots/a")));
  EXPECT_EQ(config->podman, true);
  EXPECT_EQ(config->gpus, 2);
  EXPECT_EQ(config->milli_cpus, 1500);
  EXPECT_EQ(config->memory_bytes, std::int64_t{16} << 30);
  EXPECT_TRUE(ParseOperatorConfig("", "c", "/h").ok());
  EXPECT_TRUE(ParseOperatorConfig("# nothing yet\n", "c", "/h").ok());
}

TEST(OperatorConfig, WhatIsWrongIsSaidAllAtOnceWithItsPlace) {
  const std::string all = Wrong(
      "imagemap: {}\nruntime: podmann\ngpus: -1\ncpus: none\nmemory: 0\n"
      "imageMap: {a: relative}\n");
  EXPECT_THAT(all, HasSubstr("config.yaml:1:1: imagemap: unknown field \"imagemap\" (did you mean "
                             "imageMap?)"));
  EXPECT_THAT(all, HasSubstr("config.yaml:2:10: runtime: \"podmann\" is no runtime (did you mean "
                             "podman?): use process or podman"));
  EXPECT_THAT(all, HasSubstr("gpus: is -1, must be 0 to 1024"));
  EXPECT_THAT(all, HasSubstr("cpus: \"none\" is no amount"));
  EXPECT_THAT(all, HasSubstr("memory: 0 is no amount"));
  EXPECT_THAT(all, HasSubstr("\"relative\" must be the absolute path"));
  EXPECT_THAT(Wrong("gpus: 2000000000\n"), HasSubstr("gpus: is 2000000000, must be 0 to 1024"));
  EXPECT_THAT(Wrong("- a\n"), HasSubstr("config.yaml"));
  EXPECT_THAT(Wrong("a: 1\n---\nb: 1\n"), HasSubstr("2 documents"));
  EXPECT_THAT(Wrong("a: [\n"), HasSubstr("config.yaml:"));
}

TEST(OperatorConfig, FlagsGoOverTheFile) {
  OperatorConfig config;
  config.image_map = {{"a", "host"}, {"b", "/b"}};
  config.podman = true;
  ASSERT_TRUE(AddFlags({"b=roots/b", "c=host", "d=/x=y"}, "process", "/here", config).ok());
  EXPECT_THAT(config.image_map, ElementsAre(Pair("a", "host"), Pair("b", "/here/roots/b"),
                                            Pair("c", "host"), Pair("d", "/x=y")));
  EXPECT_EQ(config.podman, false);
  for (const char* wrong : {"a", "=host", "a="}) {
    EXPECT_THAT(AddFlags({wrong}, "", "/here", config).message(), HasSubstr("write IMAGE=DIR"));
  }
  EXPECT_THAT(AddFlags({"a=host", "a=host"}, "", "/", config).message(), HasSubstr("twice"));
  EXPECT_THAT(AddFlags({}, "docker", "/", config).message(), HasSubstr("use process or podman"));
}

TEST(OperatorConfig, IsFoundWhereTheUserKeepsSuchFiles) {
  EXPECT_EQ(ConfigPath(Env({{"XDG_CONFIG_HOME", "/c"}, {"HOME", "/h"}})),
            "/c/lockstep/config.yaml");
  EXPECT_EQ(ConfigPath(Env({{"HOME", "/h"}})), "/h/.config/lockstep/config.yaml");
  EXPECT_EQ(ConfigPath(Env({})), "");
  EXPECT_TRUE(ReadOperatorConfig(Env({{"HOME", "/none"}})).ok());
  std::string folder = std::filesystem::temp_directory_path() / "lockstep-config-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/lockstep/config.yaml";
  std::filesystem::create_directories(file);
  const EnvReader env = Env({{"XDG_CONFIG_HOME", folder}});
  EXPECT_THAT(ReadOperatorConfig(env).status().message(), HasSubstr(file + " is no file"));
  std::filesystem::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(ReadOperatorConfig(env).status().message(), HasSubstr(file + " is no file"));
  std::filesystem::remove_all(folder);
}

TEST(OperatorConfig, ARunningOperatorIsComparedByWhatIsAskedForAlone) {
  OperatorConfig config;
  config.podman = true;
  config.image_map = {{"a", "/a"}};
  const MachineResources machine{.devices = {"0"}, .milli_cpus = 2000, .memory_bytes = 1};
  const Json running = EncodeSettings(config, &machine);
  EXPECT_EQ(SettingsThatDiffer(EncodeSettings({}, nullptr), running), "");
  OperatorConfig other;
  other.podman = false;
  EXPECT_EQ(SettingsThatDiffer(EncodeSettings(other, nullptr), running),
            "runtime is podman, not process");
  EXPECT_EQ(DecodeMachine(running).devices, machine.devices);
  EXPECT_EQ(DecodeMachine(running).milli_cpus, 2000);
}

TEST(Machine, GpusAreThoseThatAreVisible) {
  const std::vector<std::string> files = {"null",   "nvidia1",    "nvidiactl", "nvidia0",
                                          "nvidia", "nvidia-uvm", "nvidia10"};
  EXPECT_THAT(GpusOf(Env({}), files), ElementsAre("0", "1", "2"));
  EXPECT_THAT(GpusOf(Env({{"CUDA_VISIBLE_DEVICES", "3, 1"}}), files), ElementsAre("3", "1"));
  EXPECT_THAT(GpusOf(Env({{"CUDA_VISIBLE_DEVICES", ""}}), files), IsEmpty());
  EXPECT_THAT(GpusOf(Env({{"CUDA_VISIBLE_DEVICES", "0,-1,1"}}), files), ElementsAre("0"));
}

TEST(Machine, TheConfigurationCountsInItsPlace) {
  OperatorConfig config;
  config.gpus = 3;
  config.milli_cpus = 500;
  const MachineResources machine =
      Configured(config, {.devices = {"GPU-a"}, .milli_cpus = 8000, .memory_bytes = 7});
  EXPECT_THAT(machine.devices, ElementsAre("GPU-a", "1", "2"));
  EXPECT_EQ(machine.milli_cpus, 500);
  EXPECT_EQ(machine.memory_bytes, 7);
  config.gpus = 0;
  EXPECT_THAT(Configured(config, machine).devices, IsEmpty());
}

}  // namespace
}  // namespace lockstep
