// Each kind of collector from `lockstep apply --follow` to the trial's observation, by the real
// binary and real processes.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

const std::string kLockstep = LOCKSTEP_BINARY_DIR "/lockstep";

class CollectorsTest : public LockstepTest {
 protected:
  // `collector`: what follows metricsCollectorSpec.
  Outcome Follow(const std::string& script, const std::string& collector, int trials, int ranks = 1,
                 const std::string& objective = "accuracy") {
    std::string yaml = ExperimentYaml("e", script, trials, ranks);
    yaml.replace(yaml.find("objectiveMetricName: accuracy"), 29,
                 "objectiveMetricName: " + objective);
    yaml.replace(yaml.find("  maxTrialCount"), 0, "  metricsCollectorSpec: " + collector + "\n");
    return Run({"apply", "-f", WriteFile("e.yaml", yaml), "--follow"});
  }
  // Each trial has measured its own parameter.
  void ExpectEachItsOwn(int trials) {
    const Json status = Get("experiment", "e")["status"];
    ASSERT_EQ(status["trialsSucceeded"], trials) << status.dump(1);
    for (const Json& name : status["succeededTrialList"]) {
      const Json trial = Get("trial", name);
      EXPECT_EQ(trial["status"]["observation"]["metrics"][0]["latest"],
                trial["spec"]["parameterAssignments"][0]["value"]);
    }
  }
  std::string MessageOfOneTrial() {
    const Json items = Json::parse(Run({"get", "trials", "-o", "json"}).out)["items"];
    return items.at(0)["status"]["conditions"].back()["message"];
  }
};

TEST_F(CollectorsTest, FilesOfTrialsThatRunAtOnceDoNotMix) {
  const Outcome outcome = Follow(
      "echo accuracy=0.0 > /lockstep-e2e/m.log; sleep 0.2; echo accuracy=${x} >> "
      "/lockstep-e2e/m.log",
      "{collector: {kind: File}, source: {fileSystemPath: {path: /lockstep-e2e/m.log}}}", 4);
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  ExpectEachItsOwn(4);
  EXPECT_FALSE(std::filesystem::exists("/lockstep-e2e")) << "nothing is made on the machine";
}

TEST_F(CollectorsTest, AFileOfJsonCountsDespiteABadLineWhichIsTold) {
  const Outcome outcome = Follow(
      "echo Traceback > /lockstep-e2e/m.json; echo '{\"accuracy\": ${x}}' >> "
      "/lockstep-e2e/m.json",
      "{collector: {kind: File}, source: {fileSystemPath: {path: /lockstep-e2e/m.json, kind: File, "
      "format: JSON}}}",
      1);
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  ExpectEachItsOwn(1);
  const std::string message = MessageOfOneTrial();
  EXPECT_EQ(
      message.rfind("Trial has succeeded; of the file /lockstep-e2e/m.json of rank 0 line 1 ", 0),
      0U)
      << message;
}

TEST_F(CollectorsTest, AFileThatWasNotWrittenIsNamedWithTheLastLines) {
  Follow("echo nothing to see", "{collector: {kind: File}}", 1);
  EXPECT_EQ(MessageOfOneTrial(),
            "Metrics are not available: the job succeeded, but the file "
            "/var/log/katib/metrics.log of rank 0: there is none; write a line with accuracy=VALUE "
            "to it; last lines of rank 0:\n  nothing to see");
}

TEST_F(CollectorsTest, EventFilesOfPyTorchAreRead) {
  const std::string data = LOCKSTEP_SOURCE_DIR "/tests/operators/observe/data";
  const Outcome outcome =
      Follow("mkdir /tfe/run; cp " + data + "/events.* /tfe/run",
             "{collector: {kind: TensorFlowEvent}, source: {fileSystemPath: {path: /tfe, kind: "
             "Directory}}}",
             1, 1, "val/accuracy");
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const Json best = Get("experiment", "e")["status"]["currentOptimalTrial"];
  EXPECT_EQ(best["observation"]["metrics"][0]["max"], "0.7") << best.dump(1);
}

TEST_F(CollectorsTest, AnyRankMayReport) {
  const Outcome outcome =
      Follow(kLockstep +
                 " report --metric accuracy=0.$RANK --step $RANK --metric other=nan; [ "
                 "$RANK = 0 ] && sleep 0.3 && " +
                 kLockstep + " report --metric accuracy=${x}; true",
             "{collector: {kind: Push}}", 2, 2);
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const Json status = Get("experiment", "e")["status"];
  ASSERT_EQ(status["trialsSucceeded"], 2) << status.dump(1);
  for (const Json& name : status["succeededTrialList"]) {
    EXPECT_EQ(Get("trial", name)["status"]["curve"].size(), 3U);
  }
}

TEST_F(CollectorsTest, ACustomCollectorRunsBesideTheTrialWithItsVolumeAndEnvironment) {
  const Outcome outcome = Follow(
      "echo ${x} > /lockstep-e2e/part; mv /lockstep-e2e/part /lockstep-e2e/done",
      "{collector: {kind: Custom, customCollector: {name: c, image: none, command: [sh, -c, "
      "\"while "
      "! [ -e /lockstep-e2e/done ]; do sleep 0.02; done; sleep 0.3; echo $PREFIX=$(cat "
      "/lockstep-e2e/done)\"], env: [{name: PREFIX, value: accuracy}]}}, source: {fileSystemPath: "
      "{path: /lockstep-e2e, kind: Directory}}}",
      2);
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  ExpectEachItsOwn(2);
}

// Serves one page, to whoever asks, until it goes.
class Page {
 public:
  explicit Page(const std::string& text) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    server_ = std::thread([this, answer = "HTTP/1.1 200 OK\r\nContent-Length: " +
                                          std::to_string(text.size()) + "\r\n\r\n" + text] {
      for (int asked; (asked = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        char request[4096];
        if (read(asked, request, sizeof request) > 0) {
          static_cast<void>(!write(asked, answer.data(), answer.size()));
        }
        close(asked);
      }
    });
  }
  ~Page() {
    shutdown(fd_, SHUT_RDWR);
    server_.join();
    close(fd_);
  }
  int port() const { return port_; }

 private:
  const int fd_;
  int port_ = 0;
  std::thread server_;
};

TEST_F(CollectorsTest, APageForPrometheusIsScraped) {
  const Page page(
      "# TYPE accuracy gauge\naccuracy{set=\"train\"} 0.9\naccuracy{set=\"val\"} 0.5\n");
  const Outcome outcome =
      Follow("while ! [ -s $LOCKSTEP_JOB_DIR/metrics-collector.log ]; do sleep 0.02; done",
             "{collector: {kind: PrometheusMetric}, source: {httpGet: {path: /metrics, port: " +
                 std::to_string(page.port()) + "}}}",
             1, 1, "'accuracy{set=\"val\"}'");
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const Json best = Get("experiment", "e")["status"]["currentOptimalTrial"];
  EXPECT_EQ(best["observation"]["metrics"][0]["latest"], "0.5") << best.dump(1);
  const std::string url = "http://127.0.0.1:" + std::to_string(page.port()) + "/";
  const Outcome once =
      Run({"metrics", "scrape", "--url", url, "--metric", "accuracy{set=\"train\"}", "--once"});
  EXPECT_EQ(once.code, 0) << once.err;
  EXPECT_NE(once.out.find("Z accuracy{set=\"train\"}=0.9\n"), std::string::npos) << once.out;
}

TEST_F(CollectorsTest, EarlyStoppingLooksAtReportsOfAnySource) {
  std::string yaml = ExperimentYaml(
      "e",
      "if mkdir " + dir_ + "/first 2>/dev/null; then a=0.8; else a=0.1; fi; for i in 1 2 3; do " +
          kLockstep + " report --metric accuracy=$a; done; [ $a = 0.8 ] || sleep 60",
      2);
  yaml.replace(yaml.find("parallelTrialCount: 2"), 21, "parallelTrialCount: 1");
  yaml.replace(yaml.find("  maxTrialCount"), 0,
               "  metricsCollectorSpec: {collector: {kind: Push}}\n"
               "  earlyStopping:\n    algorithmName: medianstop\n    algorithmSettings:\n"
               "    - {name: min_trials_required, value: \"1\"}\n"
               "    - {name: start_step, value: \"2\"}\n");
  ASSERT_EQ(Run({"apply", "-f", WriteFile("e.yaml", yaml), "--follow"}).code, 0);
  const Json status = Get("experiment", "e")["status"];
  EXPECT_EQ(status["trialsEarlyStopped"], 1) << status.dump(1);
}

TEST_F(CollectorsTest, ReportSaysWhatIsWrong) {
  const Outcome outside = Run({"report", "--metric", "loss=1"});
  EXPECT_EQ(outside.code, 2);
  EXPECT_NE(outside.err.find("this is none: LOCKSTEP_METRICS_FILE is not set"), std::string::npos);
  struct Case {
    std::vector<std::string> args;
    const char* said;
  };
  for (const Case& one :
       std::vector<Case>{{{"--metric", "loss"}, "write NAME=VALUE"},
                         {{"--metric", "=1"}, "the name is missing"},
                         {{"--metric", "a b=1"}, "no white space"},
                         {{"--metric", "loss="}, "the value is no number"},
                         {{"--metric", "loss=0.1x"}, "the value is no number"},
                         {{"--metric", "step=1"}, "write --step"},
                         {{"--metric", "loss=1", "--step", "-1"}, "must be from 0"},
                         {{"--metric", "loss=1", "--step", "x"}, "--step"},
                         {{"--metric", "loss=1", "--time", "yesterday"}, "a year of four digits"},
                         {{}, "--metric"}}) {
    std::vector<std::string> args = {"report"};
    args.insert(args.end(), one.args.begin(), one.args.end());
    const Outcome outcome = Run(args);
    EXPECT_EQ(outcome.code, 2) << one.said;
    EXPECT_NE(outcome.err.find(one.said), std::string::npos) << outcome.err;
  }
  Follow(kLockstep + " report --metric accuracy=1; echo code $?; echo accuracy=${x}",
         "{collector: {kind: StdOut}}", 1);
  const Outcome logs =
      Run({"logs", Get("experiment", "e")["status"]["succeededTrialList"].at(0), "--rank", "0"});
  EXPECT_NE(logs.out.find("nobody reads reports of this job"), std::string::npos) << logs.out;
  EXPECT_NE(logs.out.find("code 2\n"), std::string::npos) << logs.out;
}

}  // namespace
}  // namespace lockstep
