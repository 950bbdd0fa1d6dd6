// The program itself, as real processes: alone, as two ranks, stopped, resumed, and misused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>

#include "runtime/base/metric_line.h"
#include "tests/examples/fashion_mnist/idx_files.h"

namespace lockstep::fashion_mnist {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Env = std::map<std::string, std::string>;
using Args = std::vector<std::string>;

enum class Capture { kStdout, kBoth };

class Trainer {
 public:
  Trainer(const Args& args, const Env& env, Capture capture = Capture::kStdout) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      if (capture == Capture::kBoth) dup2(ends[1], STDERR_FILENO);
      close(ends[0]);
      close(ends[1]);
      for (const auto& [name, value] : env) setenv(name.c_str(), value.c_str(), 1);
      setenv("OMP_NUM_THREADS", "1", 1);
      std::vector<char*> argv = {const_cast<char*>("fashion_mnist")};
      for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
      argv.push_back(nullptr);
      execv(LOCKSTEP_BINARY_DIR "/examples/fashion_mnist", argv.data());
      _exit(127);
    }
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~Trainer() {
    fclose(output_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  void Terminate() const { kill(pid_, SIGTERM); }
  // The next line of output without its line feed; empty at the end.
  std::string ReadLine() {
    std::string line;
    for (int c = fgetc(output_); c != EOF && c != '\n'; c = fgetc(output_)) {
      line += static_cast<char>(c);
    }
    return line;
  }
  // 128 + signal for one that was killed. Reads to the end first.
  int Wait(std::string* rest = nullptr) {
    for (int c = fgetc(output_); c != EOF; c = fgetc(output_)) {
      if (rest != nullptr) *rest += static_cast<char>(c);
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
};

// By epoch: what was reported, without the time.
std::map<int, std::vector<double>> Epochs(const std::string& output) {
  std::map<int, std::vector<double>> epochs;
  std::istringstream lines(output);
  for (std::string text; std::getline(lines, text);) {
    const Result<MetricLine> line = ParseMetricLine(text);
    CHECK(line.ok()) << text << ": " << line.status().ToString();
    CHECK(line->values.size() == 3 && line->values[1].first == "loss" &&
          line->values[2].first == "accuracy")
        << text;
    epochs[static_cast<int>(line->values[0].second)] = {line->values[1].second,
                                                        line->values[2].second};
  }
  return epochs;
}

class FashionMnist : public ::testing::Test {
 protected:
  FashionMnist() {
    data_.Write("train", 330);
    data_.Write("t10k", 51);
  }
  Args With(Args more) const {
    Args args = {"--data=" + data_.path(), "--batch-size=32", "--hidden", "16"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  // What `lockstep run -n 2` sets.
  static Env RankOfTwo(int rank, const std::string& job) {
    return {{"LOCKSTEP_JOB", job + std::to_string(getpid())},
            {"LOCKSTEP_RANK", std::to_string(rank)},
            {"LOCKSTEP_WORLD_SIZE", "2"},
            {"LOCKSTEP_LOCAL_RANK", std::to_string(rank)},
            {"LOCKSTEP_LOCAL_WORLD_SIZE", "2"},
            {"LOCKSTEP_NODE_RANK", "0"},
            {"LOCKSTEP_NODES", "1"}};
  }
  const IdxFolder data_;
};

TEST_F(FashionMnist, LearnsAndReportsEachEpoch) {
  Trainer alone(With({"--epochs=20", "--lr", "0.001"}), {});
  std::string output;
  ASSERT_EQ(alone.Wait(&output), 0);
  const auto epochs = Epochs(output);
  ASSERT_EQ(epochs.size(), 20u);
  EXPECT_LT(epochs.at(20)[0], epochs.at(1)[0]);
}

TEST_F(FashionMnist, TrainsTheCnnToo) {
  Trainer alone(With({"--epochs=1", "--model", "cnn", "--max-samples=64"}), {});
  std::string output;
  ASSERT_EQ(alone.Wait(&output), 0);
  EXPECT_EQ(Epochs(output).size(), 1u);
}

// 330 examples in batches of 32 and 51 test images: neither divides by two.
TEST_F(FashionMnist, TwoRanksFollowTheCurveOfOne) {
  const Args args = With({"--epochs=5", "--lr=0.001"});
  std::string alone, two, silent;
  ASSERT_EQ(Trainer(args, {}).Wait(&alone), 0);
  Trainer first(args, RankOfTwo(0, "curve"));
  Trainer second(args, RankOfTwo(1, "curve"));
  ASSERT_EQ(first.Wait(&two), 0);
  ASSERT_EQ(second.Wait(&silent), 0);
  EXPECT_EQ(silent, "") << "only rank 0 reports";
  const auto curve = Epochs(alone);
  ASSERT_EQ(Epochs(two).size(), curve.size());
  for (const auto& [epoch, values] : Epochs(two)) {
    EXPECT_NEAR(values[0], curve.at(epoch)[0], 1e-4) << "loss of epoch " << epoch;
    EXPECT_NEAR(values[1], curve.at(epoch)[1], 0.03) << "accuracy of epoch " << epoch;
  }
}

TEST_F(FashionMnist, StopsTogetherOnSigtermAndResumesBitForBit) {
  const Args args = With({"--epochs=60", "--lr=0.001"});
  const auto run = [&](const std::string& folder, std::string* output, bool stop) {
    Env envs[] = {RankOfTwo(0, folder), RankOfTwo(1, folder)};
    for (Env& env : envs) env["LOCKSTEP_CHECKPOINT_DIR"] = data_.path() + "/" + folder;
    Trainer first(args, envs[0]);
    Trainer second(args, envs[1]);
    if (stop) {
      *output += first.ReadLine() + "\n";
      second.Terminate();  // one rank is told, both stop
    }
    const int codes[] = {first.Wait(output), second.Wait()};
    EXPECT_EQ(codes[0], codes[1]);
    return codes[0];
  };
  std::string whole, parts;
  ASSERT_EQ(run("whole", &whole, false), 0);
  ASSERT_EQ(run("parts", &parts, true), 75);
  EXPECT_LT(Epochs(parts).size(), 60u);
  ASSERT_EQ(run("parts", &parts, false), 0);
  EXPECT_EQ(Epochs(parts), Epochs(whole));
}

TEST_F(FashionMnist, AnswersSigtermWith143WhereNoCheckpointIsKept) {
  Trainer alone(With({"--epochs=1000000"}), {});
  alone.ReadLine();
  alone.Terminate();
  EXPECT_EQ(alone.Wait(), 143);
}

TEST_F(FashionMnist, RefusesACheckpointOfAnotherModel) {
  const std::string folder = "--checkpoint-dir=" + data_.path() + "/kept";
  ASSERT_EQ(Trainer(With({"--epochs=1", folder}), {}).Wait(), 0);
  const auto refused = [&](const Args& args) {
    std::string said;
    EXPECT_EQ(Trainer(args, {}, Capture::kBoth).Wait(&said), 1);
    return said;
  };
  EXPECT_THAT(refused(With({"--epochs=2", "--seed=9", folder})), HasSubstr("made with seed 1"));
  EXPECT_THAT(refused({"--data=" + data_.path(), "--hidden=8", "--epochs=2", folder}),
              AllOf(HasSubstr("hidden.weight"), HasSubstr("other flags?")));
}

TEST_F(FashionMnist, WritesMetricsWhereItIsTold) {
  const std::string file = data_.path() + "/metrics";
  std::string output;
  ASSERT_EQ(Trainer(With({"--epochs=2"}), {{"LOCKSTEP_METRICS_FILE", file}}).Wait(&output), 0);
  EXPECT_EQ(output, "");
  EXPECT_EQ(Epochs(ReadAll(file)).size(), 2u);
}

TEST_F(FashionMnist, ExplainsWrongFlagsAndExits2) {
  const std::vector<std::pair<Args, std::string>> cases = {
      {{"--learning-rate=1"}, "--learning-rate=1"},
      {{"--lr=fast"}, "--lr"},
      {{"--lr=-1"}, "--lr"},
      {{"--momentum", "1"}, "--momentum"},
      {{"--epochs=0"}, "--epochs"},
      {{"--batch-size=1.5"}, "--batch-size"},
      {{"--model=rnn"}, "--model"},
      {{"--hidden"}, "--hidden"},
      {{"extra"}, "extra"},
  };
  for (const auto& [args, named] : cases) {
    std::string said;
    EXPECT_EQ(Trainer(args, {}, Capture::kBoth).Wait(&said), 2) << named;
    EXPECT_THAT(said, AllOf(HasSubstr(named), HasSubstr("--help")));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
}

TEST_F(FashionMnist, ExplainsABadDataSetAndExits1) {
  const auto fails = [&](const std::string& wanted) {
    std::string said;
    EXPECT_EQ(Trainer(With({}), {}, Capture::kBoth).Wait(&said), 1) << wanted;
    EXPECT_THAT(said, AllOf(HasSubstr(wanted), HasSubstr("dataset-fashion-mnist")));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  };
  std::filesystem::resize_file(data_.Images("t10k"), 30);
  fails("truncated");
  data_.WritePlain(data_.Images("t10k"), "<html>not found</html>");
  fails("expected a gzip file");
  std::filesystem::remove(data_.Images("t10k"));
  fails("No such file");
}

TEST_F(FashionMnist, ExplainsAContradictoryEnvironment) {
  std::string said;
  Trainer alone(With({"--epochs=1"}), {{"LOCKSTEP_RANK", "0"}}, Capture::kBoth);
  EXPECT_EQ(alone.Wait(&said), 1);
  EXPECT_THAT(said, HasSubstr("LOCKSTEP_RANK=0"));
}

}  // namespace
}  // namespace lockstep::fashion_mnist
