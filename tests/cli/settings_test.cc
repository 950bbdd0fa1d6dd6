// What an operator is told beside its state directory, by flags and config.yaml, and what its jobs
// share.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

class SettingsTest : public LockstepTest {
 protected:
  SettingsTest() { ::setenv("XDG_CONFIG_HOME", dir_.c_str(), 1); }
  ~SettingsTest() override { ::unsetenv("XDG_CONFIG_HOME"); }

  void Configure(const std::string& text) {
    std::filesystem::create_directories(dir_ + "/lockstep");
    std::ofstream(dir_ + "/lockstep/config.yaml") << text;
  }
  static std::string Job(const std::string& name, const std::string& script,
                         const std::string& resources) {
    return "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: " + name +
           "}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n"
           "      - {name: main, image: none, resources: " +
           resources + ", command: [sh, -c, '" + script + "']}\n";
  }
};

TEST_F(SettingsTest, AWrongConfigurationStartsNoOperator) {
  Configure("imageMaps: {}\n");
  const Outcome outcome = Run({"get", "jobs"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("config.yaml:1:1: imageMaps: unknown field \"imageMaps\" (did "
                                     "you mean imageMap?)"));
  Configure("imageMap: {a: /there/is/none}\n");
  EXPECT_THAT(Run({"get", "jobs"}).err, HasSubstr("a is /there/is/none, and that is no folder"));
  EXPECT_EQ(OperatorPid(), 0);
}

TEST_F(SettingsTest, AnOperatorThatRunsKeepsItsSettingsAndThatIsSaid) {
  EXPECT_EQ(Run({"get", "jobs", "--image-map", "a=host"}).code, 0);
  EXPECT_EQ(Run({"get", "jobs", "--image-map", "a=host"}).code, 0);
  const Outcome other = Run({"get", "jobs", "--image-map", "b=host"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("runs already, with other settings: imageMap is"));
  EXPECT_THAT(other.err, HasSubstr("its jobs go on"));
  EXPECT_EQ(Run({"--runtime", "podman", "get", "jobs"}).code, 1);
  EXPECT_EQ(Run({"--runtime", "docker", "get", "jobs"}).code, 4);
  EXPECT_EQ(Run({"get", "jobs", "--image-map", "a"}).code, 4);
  EXPECT_EQ(Run({"get", "jobs", "--image-map", "a=/there/is/none"}).code, 4);
  EXPECT_EQ(Run({"get", "jobs"}).code, 0);
  Configure("gpus: 7\n");
  const Outcome applied = Run({"apply", "-f", WriteFile("j.yaml", Job("j", "exit 0", "{}"))});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_THAT(applied.err, HasSubstr("was started with other settings than config.yaml has now: "
                                     "gpus is "));
}

TEST_F(SettingsTest, JobsShareTheGpusThatAreConfiguredAndWaitForThem) {
  Configure("gpus: 2\ncpus: 2\nmemory: 1Gi\n");
  const std::string one = "{limits: {nvidia.com/gpu: 1}}";
  const Outcome applied =
      Run({"apply", "-f",
           WriteFile("j.yaml", Job("a", "echo on $$CUDA_VISIBLE_DEVICES; exec sleep 600", one) +
                                   Job("b", "echo on $$CUDA_VISIBLE_DEVICES; exec sleep 600", one) +
                                   Job("c", "echo on $$NVIDIA_VISIBLE_DEVICES", one) +
                                   Job("d", "echo on $${CUDA_VISIBLE_DEVICES-all}", "{}") +
                                   Job("e", "exit 0", "{limits: {nvidia.com/gpu: 3}}") +
                                   Job("f", "exit 0", "{requests: {cpu: 8}}"))});
  ASSERT_EQ(applied.code, 0) << applied.err;
  EXPECT_THAT(applied.err, HasSubstr("warning: Job default/f asks for 8 CPUs, and this machine has "
                                     "2 CPUs: it runs all the same"));
  EXPECT_EQ(Run({"wait", "job/d", "job/f", "--for=condition=Complete", "--timeout=60s"}).code, 0);
  EXPECT_EQ(Run({"wait", "job/e", "--for=condition=Failed", "--timeout=60s"}).code, 0);
  EXPECT_THAT(Run({"describe", "job/e"}).out, HasSubstr("asks for 3 GPUs, and this machine has 2"));
  EXPECT_TRUE(Eventually([&] {
    return Run({"get", "job/c", "--no-headers"}).out.find("Queued") != std::string::npos;
  }));
  EXPECT_THAT(Run({"describe", "job/c"}).out,
              HasSubstr("State:        Queued: waits for 1 GPU: 0 of 2 are free"));
  const auto device = [&](const char* job) {
    return Run({"get", job, "-o", "jsonpath={.status.devices[0]}"}).out;
  };
  const std::string of_a = device("tj/a");
  const std::string of_b = device("tj/b");
  EXPECT_EQ(std::min(of_a, of_b), "0");
  EXPECT_EQ(std::max(of_a, of_b), "1");
  EXPECT_EQ(Run({"delete", "job/b"}).code, 0);
  EXPECT_EQ(Run({"wait", "job/c", "--for=condition=Complete", "--timeout=60s"}).code, 0);
  EXPECT_EQ(Run({"logs", "job/c"}).out, "[0] on " + of_b + "\n");
  EXPECT_EQ(Run({"logs", "job/a"}).out, "[0] on " + of_a + "\n");
  EXPECT_EQ(Run({"delete", "job/a"}).code, 0);
}

}  // namespace
}  // namespace lockstep
