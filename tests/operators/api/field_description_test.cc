#include "operators/api/field_description.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

FieldDescription Describe(const char* kind) { return DescribeKind(*FindKind(kind)); }

std::string TypeOf(const FieldDescription& root, const char* path) {
  const auto field = FindField(root, path);
  return field.ok() ? (*field)->type : field.status().message();
}

TEST(FieldDescription, HasTheTypesAsTheyAreWritten) {
  const FieldDescription experiment = Describe("experiment");
  EXPECT_EQ(TypeOf(experiment, ""), "Object");
  EXPECT_EQ(TypeOf(experiment, "apiVersion"), "string");
  EXPECT_EQ(TypeOf(experiment, "metadata.labels"), "map[string]string");
  EXPECT_EQ(TypeOf(experiment, "spec.maxTrialCount"), "integer");
  EXPECT_EQ(TypeOf(experiment, "spec.objective.goal"), "number");
  EXPECT_EQ(TypeOf(experiment, "spec.objective.additionalMetricNames"), "[]string");
  EXPECT_EQ(TypeOf(experiment, "spec.parameters"), "[]Object");
  EXPECT_EQ(TypeOf(experiment, "spec.parameters.feasibleSpace.list"), "[]string");
  EXPECT_EQ(TypeOf(experiment, "spec.trialTemplate.retain"), "boolean");
  EXPECT_EQ(TypeOf(experiment, "spec.trialTemplate.trialSpec"), "JSON");
}

TEST(FieldDescription, IsFoundByThePathOfAFinding) {
  const FieldDescription experiment = Describe("experiment");
  EXPECT_EQ(TypeOf(experiment, "spec.parameters[0].feasibleSpace.min"), "string");
  EXPECT_EQ(TypeOf(experiment, "spec.objective[0].goal"),
            "Experiment.spec.objective has no field \"0\": its fields are type, goal, "
            "objectiveMetricName, additionalMetricNames, metricStrategies");
}

TEST(FieldDescription, NamesTheNearestField) {
  const auto field = FindField(Describe("experiment"), "spec.objective.gaol");
  EXPECT_EQ(field.status().kind(), StatusKind::kNotFound);
  EXPECT_EQ(field.status().message(),
            "Experiment.spec.objective has no field \"gaol\" (did you mean goal?): its fields are "
            "type, goal, objectiveMetricName, additionalMetricNames, metricStrategies");
  EXPECT_EQ(TypeOf(Describe("experiment"), "spec.objective.goal.x"),
            "Experiment.spec.objective.goal has no fields: it is of type number");
}

TEST(FieldDescription, SaysWhereFieldsOfANameStand) {
  EXPECT_EQ(PathsOfField(Describe("experiment"), "trialtemplate"),
            std::vector<std::string>{"spec.trialTemplate"});
  EXPECT_TRUE(PathsOfField(Describe("experiment"), "none").empty());
}

void ExpectDescribed(const FieldDescription& field, const std::string& path) {
  EXPECT_FALSE(field.description.empty()) << path;
  for (const FieldDescription& child : field.fields) {
    ExpectDescribed(child, path + "." + std::string(child.name));
  }
}

TEST(FieldDescription, IsThereForEveryFieldOfEveryKind) {
  for (const KindName& kind : KindNames()) {
    ExpectDescribed(DescribeKind(kind), std::string(kind.kind));
  }
}

}  // namespace
}  // namespace lockstep
