#include "operators/api/object.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Object, ComesBackAsItWasEncoded) {
  TrainingJob job;
  job.meta.name = "a";
  job.spec.roles.push_back({"worker", 0, {}});
  job.spec.active_deadline_seconds = 0;
  job.status.first_failure = FirstFailure{0, "worker", "host", "signal", 0, 9, "", {}};
  ConfigMap map;
  map.data = {{"empty", ""}, {"template.yaml", "a: 1\n"}};
  map.immutable = false;
  for (const Object& object :
       {Object(job), Object(Experiment{}), Object(Trial{}), Object(map), Object(ConfigMap{})}) {
    const auto back = DecodeObject(EncodeObject(object));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, object);
  }
}

TEST(Object, FindsKindsAsTheyAreTyped) {
  for (const char* const typed : {"Trial", "trials", "TRIAL", "tr"}) {
    ASSERT_TRUE(FindKind(typed).ok()) << typed;
    EXPECT_EQ(FindKind(typed)->kind, "Trial");
  }
  EXPECT_NE(FindKind("experimets").status().message().find("did you mean experiments?"),
            std::string::npos);
}

}  // namespace
}  // namespace lockstep
