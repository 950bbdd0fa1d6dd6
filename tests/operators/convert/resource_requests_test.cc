#include "operators/convert/resource_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/convert/quantity.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Container Asking(const char* resources) {
  Container container;
  container.command = {"train"};
  container.resources = Json::parse(resources);
  return container;
}

JobRole Role(const std::string& name, int replicas, const char* resources) {
  JobRole role;
  role.name = name;
  role.replicas = replicas;
  role.pod_template.spec.containers = {Asking(resources)};
  return role;
}

TEST(QuantityOf, ReadsWhatKubernetesReads) {
  const std::pair<const char*, double> cases[] = {{"2", 2},
                                                  {"\"500m\"", 0.5},
                                                  {"\"1.5Gi\"", 1.5 * 1024 * 1024 * 1024},
                                                  {"\"1e3\"", 1000},
                                                  {"\"1E\"", 1e18},
                                                  {"\"2k\"", 2000},
                                                  {"\"3Ki\"", 3072},
                                                  {"\"4E-1\"", 0.4},
                                                  {"\"+7\"", 7},
                                                  {"0.25", 0.25},
                                                  {"\"10u\"", 10e-6},
                                                  {"\"5n\"", 5e-9},
                                                  {"\"1Ei\"", 1152921504606846976.0}};
  for (const auto& [text, value] : cases) {
    const auto read = QuantityOf(Json::parse(text));
    ASSERT_TRUE(read) << text;
    EXPECT_NEAR(*read / value, 1, 1e-12) << text;
  }
  for (const char* text : {"-1", "\"-1\"", "\"x\"", "\"\"", "\"1 Gi\"", "null", "[]"}) {
    EXPECT_FALSE(QuantityOf(Json::parse(text))) << text;
  }
}

TEST(RequestsOfRank, AreTheRequestsElseTheLimits) {
  EXPECT_EQ(RequestsOfRank(Role("w", 1, R"({"requests": {"cpu": "1500m"},
                                            "limits": {"cpu": 4, "memory": "1Gi",
                                                       "nvidia.com/gpu": 2}})")),
            (ResourceAmounts{2, 1500, 1 << 30}));
  EXPECT_EQ(RequestsOfRank(Role("w", 1, R"({"limits": {"amd.com/gpu": 1}})")),
            (ResourceAmounts{1, 0, 0}));
  EXPECT_TRUE(RequestsOfRank(Role("w", 1, "null")).is_zero());
  EXPECT_TRUE(RequestsOfRank(Role("w", 1, R"({"requests": null, "limits": {}})")).is_zero());
}

TEST(RequestsOfRank, CountSidecarsTooAndAnInitContainerThatAsksForMore) {
  JobRole role = Role("w", 1, R"({"requests": {"cpu": 1, "memory": "10"}})");
  role.pod_template.spec.init_containers = {
      Asking(R"({"requests": {"cpu": 3}})"),
      Asking(R"({"requests": {"cpu": "500m", "memory": "5"}})")};
  role.pod_template.spec.init_containers[1].restart_policy = "Always";
  EXPECT_EQ(RequestsOfRank(role), (ResourceAmounts{0, 3000, 15}));
}

TEST(RequestsOfJob, IsOfAllRanksAlsoOfThoseThatOnlyLendTheirHosts) {
  TrainingJobSpec spec;
  spec.roles = {Role("launcher", 1, R"({"requests": {"cpu": 1}})"),
                Role("worker", 3, R"({"requests": {"cpu": 2, "nvidia.com/gpu": 1}})")};
  spec.roles[1].host_only = true;
  EXPECT_EQ(RequestsOfJob(spec), (ResourceAmounts{3, 7000, 0}));
  spec.roles[1].replicas = 2147483647;
  spec.roles[1].pod_template.spec.containers = {Asking(R"({"requests": {"memory": "1Ei"}})")};
  EXPECT_GT(RequestsOfJob(spec).memory_bytes, 0) << "a sum that does not fit is not negative";
}

TEST(DevicesOfRanks, GivesEachRankItsOwn) {
  TrainingJobSpec spec;
  spec.roles = {Role("chief", 1, R"({"limits": {"nvidia.com/gpu": 1}})"),
                Role("worker", 2, R"({"limits": {"nvidia.com/gpu": 2}})"), Role("ps", 1, "{}")};
  EXPECT_THAT(DevicesOfRanks(spec, {"0", "2", "3", "5", "7"}),
              ElementsAre(ElementsAre("0"), ElementsAre("2,3", "5,7"), ElementsAre("")));
  spec.roles = {Role("launcher", 1, "{}"),
                Role("worker", 2, R"({"limits": {"nvidia.com/gpu": 1}})")};
  spec.roles[1].host_only = true;
  EXPECT_THAT(DevicesOfRanks(spec, {"0", "1"}),
              ElementsAre(ElementsAre("0,1"), ElementsAre("", "")));
  spec.roles = {Role("worker", 2, R"({"requests": {"cpu": 1}})")};
  EXPECT_THAT(DevicesOfRanks(spec, {"0", "1"}), IsEmpty());
}

}  // namespace
}  // namespace lockstep
