#include "operators/serve/router.h"

#include <gtest/gtest.h>

#include "operators/observe/memory_observation_store.h"
#include "operators/serve/protocol.h"
#include "operators/store/memory_store.h"

namespace lockstep {
namespace {

constexpr char kJobs[] = "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs";
constexpr char kTrials[] = "/apis/kubeflow.org/v1beta1/namespaces/default/trials";

Json JobJson(const std::string& name) {
  return {{"apiVersion", "lockstep.dev/v1alpha1"},
          {"kind", "TrainingJob"},
          {"metadata", {{"name", name}, {"labels", {{"team", "a"}}}}},
          {"spec",
           {{"roles",
             {{{"name", "worker"},
               {"replicas", 2},
               {"template",
                {{"spec", {{"containers", {{{"name", "main"}, {"command", {"true"}}}}}}}}}}}}}}};
}

class RouterTest : public testing::Test {
 protected:
  HttpResponse Send(const std::string& method, const std::string& target, const Json& body = {}) {
    return router_.Handle({method, target, body.is_null() ? "" : body.dump()});
  }
  void Create(const std::string& name) {
    const HttpResponse response = Send("POST", kJobs, JobJson(name));
    ASSERT_EQ(response.code, 201) << response.body.dump(2);
  }

  std::unique_ptr<Store> store_ = MakeMemoryStore();
  std::unique_ptr<ObservationStore> observations_ = MakeMemoryObservationStore();
  Router router_{*store_, *observations_, {"1.2.3", "/state", 42}};
};

TEST_F(RouterTest, TellsWhoAnswers) {
  const HttpResponse response = Send("GET", "/version");
  EXPECT_EQ(response.code, 200);
  EXPECT_EQ(response.body["version"], "1.2.3");
  EXPECT_EQ(response.body["protocol"], kProtocolVersion);
  EXPECT_EQ(response.body["pid"], 42);
}

TEST_F(RouterTest, CreatesWithDefaultsThenReadsListsAndDeletes) {
  Create("a");
  Create("b");
  const HttpResponse one = Send("GET", kJobs + std::string("/a"));
  EXPECT_EQ(one.code, 200);
  EXPECT_EQ(one.body["spec"]["successPolicy"], "AllRanks");
  EXPECT_EQ(one.body["metadata"]["namespace"], "default");
  EXPECT_EQ(Send("GET", kJobs).body["items"].size(), 2u);
  EXPECT_EQ(Send("GET", "/apis/lockstep.dev/v1alpha1/trainingjobs").body["items"].size(), 2u);
  EXPECT_EQ(Send("GET", kJobs + std::string("?labelSelector=team%3Da")).body["items"].size(), 2u);
  EXPECT_EQ(Send("GET", kJobs + std::string("?labelSelector=team%3Db")).body["items"].size(), 0u);
  EXPECT_EQ(Send("DELETE", kJobs + std::string("/a")).code, 200);
}

TEST_F(RouterTest, ReplacesOnlyWhatWasRead) {
  Create("a");
  const std::string path = kJobs + std::string("/a");
  Json job = Send("GET", path).body;
  job["metadata"]["labels"]["team"] = "b";
  const HttpResponse replaced = Send("PUT", path, job);
  ASSERT_EQ(replaced.code, 200) << replaced.body.dump(2);
  EXPECT_EQ(replaced.body["metadata"]["labels"]["team"], "b");
  job["metadata"]["labels"]["team"] = "c";
  EXPECT_EQ(Send("PUT", path, job).code, 409) << "the version is not the newest any more";
  job["metadata"].erase("resourceVersion");
  EXPECT_EQ(Send("PUT", path, job).code, 422) << "without a version nothing is overwritten";
}

TEST_F(RouterTest, ADryRunChangesNothing) {
  EXPECT_EQ(Send("POST", kJobs + std::string("?dryRun=All"), JobJson("a")).code, 201);
  EXPECT_EQ(Send("GET", kJobs + std::string("/a")).code, 404);
}

TEST_F(RouterTest, RefusesWhatIsNotValidWithItsFieldPath) {
  Json job = JobJson("a");
  job["spec"]["roles"][0]["replicaz"] = 3;
  const HttpResponse response = Send("POST", kJobs, job);
  EXPECT_EQ(response.code, 422);
  EXPECT_EQ(response.body["details"]["causes"][0]["field"], "spec.roles[0].replicaz");
  EXPECT_EQ(Send("GET", kJobs).body["items"].size(), 0u);
}

TEST_F(RouterTest, AWatchIsHandedToTheServer) {
  const HttpResponse response = Send("GET", kJobs + std::string("?watch=1&labelSelector=team%3Da"));
  ASSERT_TRUE(response.watch.has_value());
  EXPECT_EQ(response.watch->kind, "TrainingJob");
  EXPECT_EQ(response.watch->namespace_, "default");
  EXPECT_EQ(response.watch->labels, (Labels{{"team", "a"}}));
}

TEST_F(RouterTest, GivesTheMetricRowsOfATrial) {
  Trial trial;
  trial.meta.name = "t";
  trial.meta.namespace_ = "default";
  const auto created = store_->Create(trial);
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  const MetricRow row{"loss", "0.5", "2026-01-01T00:00:00Z", 1};
  ASSERT_TRUE(observations_->Append(MetaOf(**created).uid, {row}, {"stdout", "", "10"}).ok());
  const HttpResponse all = Send("GET", kTrials + std::string("/t/metrics"));
  ASSERT_EQ(all.body["items"].size(), 1u);
  EXPECT_EQ(all.body["items"][0]["value"], "0.5");
  const HttpResponse other = Send("GET", kTrials + std::string("/t/metrics?name=accuracy"));
  EXPECT_EQ(other.body["items"].size(), 0u);
}

struct Refusal {
  const char* method;
  const char* target;
  const char* body;
  int code;
};
class RouterRefuses : public RouterTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RouterRefuses, WithAStatus) {
  const Refusal& refusal = GetParam();
  const HttpResponse response = router_.Handle({refusal.method, refusal.target, refusal.body});
  EXPECT_EQ(response.code, refusal.code) << response.body.dump(2);
  EXPECT_EQ(response.body["kind"], "Status");
  EXPECT_FALSE(response.body["message"].get<std::string>().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Requests, RouterRefuses,
    testing::Values(
        Refusal{"GET", "/", "", 404}, Refusal{"GET", "/apis", "", 404},
        Refusal{"GET", "/apis/a/b/c", "", 404},
        Refusal{"GET", "/apis/lockstep.dev/v1alpha1/experiments", "", 404},
        Refusal{"GET", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs/none", "", 404},
        Refusal{"GET", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs/a/metrics", "",
                404},
        Refusal{"GET", "/apis/kubeflow.org/v1beta1/namespaces/default/trials/a/metrics/b", "", 404},
        Refusal{"GET", "/apis/lockstep.dev/v1alpha1/trainingjobs?labelSelector=a%3", "", 422},
        Refusal{"GET", "/apis/lockstep.dev/v1alpha1/trainingjobs?labelSelector=a%21%3Db", "", 422},
        Refusal{"PATCH", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs/a", "", 405},
        Refusal{"POST", "/apis/lockstep.dev/v1alpha1/trainingjobs", "{}", 405},
        Refusal{"POST", "/version", "{}", 405},
        Refusal{"POST", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs", "{", 422},
        Refusal{"POST", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs", "", 422},
        Refusal{"POST", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs", "[]", 422},
        Refusal{"POST", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs",
                R"({"apiVersion":"kubeflow.org/v1beta1","kind":"Trial","metadata":{"name":"x"}})",
                422},
        Refusal{"PUT", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs/a",
                R"({"apiVersion":"lockstep.dev/v1alpha1","kind":"TrainingJob",)"
                R"("metadata":{"name":"b"}})",
                422},
        Refusal{"DELETE", "/apis/lockstep.dev/v1alpha1/namespaces/default/trainingjobs/none", "",
                404}));

}  // namespace
}  // namespace lockstep
