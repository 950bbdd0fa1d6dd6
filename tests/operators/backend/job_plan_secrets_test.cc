// Secrets in the plan of a job.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/backend/job_plan.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

Result<ConfigMap> NoConfigMap(const std::string&, const std::string& name) {
  return NotFound("ConfigMap " + name + " does not exist");
}

TrainingJob Job() {
  TrainingJob job;
  job.meta.name = "fm";
  job.meta.namespace_ = "default";
  job.meta.uid = "0123456789abcdef";
  JobRole role;
  role.name = "worker";
  Container container;
  container.name = "main";
  container.command = {"train"};
  role.pod_template.spec.containers = {container};
  job.spec.roles = {role};
  return job;
}

PodSpec& Pod(TrainingJob& job) { return job.spec.roles[0].pod_template.spec; }

// A world with one Secret, "s".
Result<Secret> OnlyS(const std::string&, const std::string& name) {
  if (name != "s") return NotFound("Secret " + name + " does not exist");
  Secret secret;
  secret.data = {{"KEY", "cCQoTFIp"}, {"b.bin", "AAH/"}, {"TEXT", "eA=="}};
  return secret;
}

TEST(JobPlanSecrets, SecretsBecomeValuesAndFiles) {
  TrainingJob job = Job();
  Pod(job).containers[0].env_from = {{.prefix = "", .secret_ref = SecretEnvSource{"d", true}}};
  Pod(job).containers[0].env = {
      {"A", "", EnvVarSource{.secret_key_ref = SecretKeyRef{"s", "KEY", false}}},
      {"B", "", EnvVarSource{.secret_key_ref = SecretKeyRef{"s", "none", true}}}};
  Pod(job).volumes = {{.name = "v", .secret = SecretVolume{"s", {{"b.bin", "b", 0400}}, {}, false}},
                      {.name = "w", .secret = SecretVolume{"s", {}, {}, false}}};
  const auto plan = MakeJobPlan(job, 0, "node", NoConfigMap, OnlyS);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  const auto& env = plan->spec.roles[0].pod_template.spec.containers[0].env;
  ASSERT_EQ(env.size(), 1u);
  EXPECT_EQ(env[0].value, "p$$(LR)") << "not expanded again";
  ASSERT_EQ(plan->filled_volumes.size(), 2u);
  EXPECT_EQ(plan->filled_volumes[0].files.at(0).bytes, std::string("\0\1\xff", 3));
  EXPECT_EQ(plan->filled_volumes[0].files.at(0).mode, 0400u);
  EXPECT_EQ(plan->filled_volumes[1].files.size(), 3u);
  EXPECT_EQ(plan->filled_volumes[1].files.at(0).mode, 0644u);
}

TEST(JobPlanSecrets, ASecretThatIsNotThereOrIsNoTextIsNamed) {
  const auto error = [](auto change) {
    TrainingJob job = Job();
    change(Pod(job));
    return MakeJobPlan(job, 0, "node", NoConfigMap, OnlyS).status();
  };
  const Status none = error([](PodSpec& pod) {
    pod.containers[0].env_from = {{.prefix = "", .secret_ref = SecretEnvSource{"d", false}}};
  });
  EXPECT_EQ(none.kind(), StatusKind::kNotFound);
  EXPECT_THAT(none.message(),
              HasSubstr("containers[0].envFrom[0].secretRef: there is no Secret default/d: apply"));
  const Status of_another_kind = [] {
    TrainingJob job = Job();
    job.spec.source = Json{{"kind", "PyTorchJob"}};
    Pod(job).containers[0].env_from = {{.prefix = "", .secret_ref = SecretEnvSource{"d", false}}};
    return MakeJobPlan(job, 0, "node", NoConfigMap, OnlyS).status();
  }();
  EXPECT_THAT(of_another_kind.message(),
              testing::StartsWith("role worker, spec.containers[0].envFrom[0].secretRef: there is"))
      << "its manifest has no spec.roles";
  const Status binary = error([](PodSpec& pod) {
    pod.containers[0].env_from = {{.prefix = "P", .secret_ref = SecretEnvSource{"s", false}}};
  });
  EXPECT_EQ(binary.kind(), StatusKind::kInvalidArgument);
  EXPECT_THAT(binary.message(), HasSubstr("the key \"b.bin\" of the Secret default/s holds bytes "
                                          "that are no text: mount it as a file"));
  EXPECT_EQ(error([](PodSpec& pod) {
              pod.volumes = {{.name = "v", .secret = SecretVolume{"d", {}, {}, false}}};
            }).kind(),
            StatusKind::kNotFound);
}

}  // namespace
}  // namespace lockstep
