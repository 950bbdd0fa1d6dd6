#include "cli/intent_change.h"

#include <gtest/gtest.h>

#include "operators/api/intent.h"

namespace lockstep {
namespace {

template <class T>
Object Named(const std::string& name, const std::string& condition = "Running") {
  T object;
  object.meta.name = name;
  object.meta.namespace_ = "default";
  object.meta.labels[kExperimentLabel] = "search";
  object.status.conditions = {{condition, "True", "", "", "", ""}};
  return object;
}

std::string Refusal(const Result<bool>& result) {
  EXPECT_EQ(result.status().kind(), StatusKind::kInvalidArgument);
  return result.status().message();
}

TEST(IntentChangeTest, SuspendAndResumeAreIdempotent) {
  for (Object object : {Named<Experiment>("a"), Named<TrainingJob>("a")}) {
    EXPECT_TRUE(Suspend(object).value());
    EXPECT_EQ(MetaOf(object).annotations.at(kSuspendAnnotation), "true");
    EXPECT_FALSE(Suspend(object).value());
    EXPECT_TRUE(Resume(object).value());
    EXPECT_FALSE(MetaOf(object).annotations.contains(kSuspendAnnotation));
    EXPECT_FALSE(Resume(object).value());
  }
}

TEST(IntentChangeTest, CancelTellsWhyInTheWordsOfTheKind) {
  Object experiment = Named<Experiment>("a");
  EXPECT_TRUE(Cancel(experiment, "wrong data").value());
  EXPECT_EQ(MetaOf(experiment).annotations.at(kCancelAnnotation), "wrong data");
  EXPECT_FALSE(Cancel(experiment, "again").value());
  EXPECT_EQ(MetaOf(experiment).annotations.at(kCancelAnnotation), "wrong data");
  Object job = Named<TrainingJob>("a");
  EXPECT_TRUE(Cancel(job, "wrong data").value());
  EXPECT_EQ(MetaOf(job).annotations.at(kStopAnnotation), "wrong data");
  Object trial = Named<Trial>("a");
  EXPECT_TRUE(Cancel(trial, "x").value());
  EXPECT_EQ(MetaOf(trial).annotations.at(kCancelAnnotation), "x");
}

TEST(IntentChangeTest, AJobThatItsManifestSuspendsIsResumedThereToo) {
  Object job = Named<TrainingJob>("a");
  TrainingJobSpec& spec = std::get<TrainingJob>(job).spec;
  spec.suspend = true;
  for (const char* source : {R"({"kind": "Job", "spec": {"suspend": true}})",
                             R"({"kind": "PyTorchJob", "spec": {"runPolicy": {"suspend": true}}})",
                             R"({"kind": "TFJob", "spec": {"runPolicy": null}})"}) {
    spec.suspend = true;
    spec.source = Json::parse(source);
    EXPECT_TRUE(Resume(job).value());
    EXPECT_FALSE(spec.suspend);
    EXPECT_EQ(spec.source.dump().find("true"), std::string::npos);
    EXPECT_FALSE(Resume(job).value());
  }
}

TEST(IntentChangeTest, WhatMakesNoSenseIsRefusedWithWhatDoes) {
  Object ended = Named<Experiment>("a", "Succeeded");
  EXPECT_EQ(Refusal(Suspend(ended)),
            "Experiment default/a has ended as Succeeded: there is nothing left to suspend");
  EXPECT_NE(Refusal(Resume(ended)).find("nothing left to resume"), std::string::npos);
  EXPECT_NE(Refusal(Cancel(ended, "x")).find("nothing left to cancel"), std::string::npos);
  Object going = Named<Experiment>("a");
  MetaOf(going).deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_NE(Refusal(Suspend(going)).find("is being deleted"), std::string::npos);
  Object trial = Named<Trial>("t");
  EXPECT_NE(Refusal(Suspend(trial)).find("lockstep suspend job/t"), std::string::npos);
  Object suggestion = Named<Suggestion>("s");
  EXPECT_NE(Refusal(Cancel(suggestion, "x")).find("lockstep cancel experiment/s"),
            std::string::npos);
  Object job = Named<TrainingJob>("t");
  MetaOf(job).annotations[kSuspendAnnotation] = kSuspendedByExperiment;
  EXPECT_NE(Refusal(Resume(job)).find("lockstep resume exp/search"), std::string::npos);
  EXPECT_TRUE(MetaOf(job).annotations.contains(kSuspendAnnotation));
}

}  // namespace
}  // namespace lockstep
