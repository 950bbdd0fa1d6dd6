#include "runtime/train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "runtime/train/training_state.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() {
    std::string pattern = (fs::temp_directory_path() / "checkpoint-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~CheckpointTest() override { fs::remove_all(root_); }

  std::string Dir() const { return root_ + "/checkpoints"; }
  std::string File(std::int64_t step, const std::string& name) const {
    std::string digits = std::to_string(step);
    return Dir() + "/step-" + std::string(12 - digits.size(), '0') + digits + "/" + name;
  }
  static CheckpointFiles Files(const std::string& mark) {
    return {{"model", "weights " + mark + std::string("\0\n\xff", 3)}, {"training", mark}};
  }
  void SaveSteps(int keep, std::initializer_list<std::int64_t> steps) {
    CheckpointDir dir(Dir(), keep);
    for (const std::int64_t step : steps) {
      const Status saved = dir.Save(step, Files(std::to_string(step)));
      ASSERT_TRUE(saved.ok()) << saved.ToString();
    }
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(Dir())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string root_;
};

TEST_F(CheckpointTest, GivesBackTheNewest) {
  SaveSteps(3, {10, 20});
  const Result<LoadedCheckpoint> loaded = CheckpointDir(Dir(), 3).Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(loaded->step, 20);
  EXPECT_EQ(loaded->files, Files("20"));
  EXPECT_TRUE(loaded->skipped.empty());
}

TEST_F(CheckpointTest, IsNotFoundBeforeTheFirstSave) {
  EXPECT_EQ(CheckpointDir(Dir(), 1).Load().status().kind(), StatusKind::kNotFound);
  fs::create_directory(Dir());
  EXPECT_EQ(CheckpointDir(Dir(), 1).Load().status().kind(), StatusKind::kNotFound);
}

TEST_F(CheckpointTest, KeepsTheLastOnes) {
  SaveSteps(2, {1, 2, 3, 4});
  EXPECT_THAT(Names(), ElementsAre("step-000000000003", "step-000000000004"));
}

// Every way to damage one file: the checkpoint before is taken and the reason is told.
TEST_F(CheckpointTest, FallsBackFromADamagedOne) {
  const std::vector<std::pair<std::string, std::function<void(const std::string&)>>> damages = {
      {"truncated", [](const std::string& f) { fs::resize_file(f, fs::file_size(f) / 2); }},
      {"emptied", [](const std::string& f) { fs::resize_file(f, 0); }},
      {"removed", [](const std::string& f) { fs::remove(f); }},
      {"longer", [](const std::string& f) { std::ofstream(f, std::ios::app) << "x"; }},
      {"one byte changed",
       [](const std::string& f) {
         std::fstream file(f, std::ios::in | std::ios::out | std::ios::binary);
         file.seekg(1);
         const char old = static_cast<char>(file.get());
         file.seekp(1);
         file.put(static_cast<char>(old ^ 1));
       }},
  };
  for (const auto& [what, damage] : damages) {
    for (const std::string name : {"model", "training", "MANIFEST"}) {
      fs::remove_all(Dir());
      SaveSteps(3, {10, 20});
      damage(File(20, name));
      const Result<LoadedCheckpoint> loaded = CheckpointDir(Dir(), 3).Load();
      ASSERT_TRUE(loaded.ok()) << name << " " << what << ": " << loaded.status().ToString();
      EXPECT_EQ(loaded->step, 10) << name << " " << what;
      EXPECT_EQ(loaded->files, Files("10")) << name << " " << what;
      EXPECT_THAT(loaded->skipped, ElementsAre(HasSubstr("step-000000000020/" + name)));
    }
  }
}

TEST_F(CheckpointTest, RefusesToStartAnewWhenAllAreDamaged) {
  SaveSteps(2, {10});
  fs::resize_file(File(10, "model"), 3);
  const Status status = CheckpointDir(Dir(), 2).Load().status();
  EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("model: expected 13 bytes, found 3"));
}

TEST_F(CheckpointTest, ReplacesWhatTrainingWentBackBehind) {
  SaveSteps(3, {10, 20, 30});
  fs::resize_file(File(30, "model"), 0);
  fs::resize_file(File(20, "model"), 0);
  SaveSteps(3, {20});
  EXPECT_THAT(Names(), ElementsAre("step-000000000010", "step-000000000020"));
  EXPECT_EQ(CheckpointDir(Dir(), 3).Load()->step, 20);
}

TEST_F(CheckpointTest, SaysWhereItCannotWrite) {
  std::ofstream(Dir()) << "a file is in the way";
  const Status status = CheckpointDir(Dir(), 1).Save(1, Files("1"));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(Dir()));
}

// A process that saves without end is killed at an arbitrary moment, again and again: there is
// always a whole checkpoint, and it is never older than the last one whose Save returned.
TEST_F(CheckpointTest, SurvivesKillMinus9AtAnyMoment) {
  SaveSteps(2, {1});
  for (int round = 0; round < 20; ++round) {
    const std::int64_t first = CheckpointDir(Dir(), 2).Load()->step;
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    if (child == 0) {
      CheckpointDir dir(Dir(), 2);
      for (std::int64_t step = first + 1;; ++step) {
        if (!dir.Save(step, {{"model", std::string(100'000, static_cast<char>(step))}}).ok())
          _exit(1);
        if (write(acknowledged[1], &step, sizeof(step)) != sizeof(step)) _exit(1);
      }
    }
    close(acknowledged[1]);
    std::int64_t last = 0;
    for (int i = 0; i < 1 + round % 3; ++i) {
      ASSERT_EQ(read(acknowledged[0], &last, sizeof(last)), ssize_t{sizeof(last)});
    }
    for (int spin = 0; spin < round * 1000; ++spin) std::this_thread::yield();
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "Save failed in round " << round;
    while (read(acknowledged[0], &last, sizeof(last)) == ssize_t{sizeof(last)}) {
    }
    close(acknowledged[0]);
    const Result<LoadedCheckpoint> loaded = CheckpointDir(Dir(), 2).Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
    EXPECT_GE(loaded->step, last);
    EXPECT_LE(loaded->step, last + 1);
    EXPECT_EQ(loaded->files.at("model"), std::string(100'000, static_cast<char>(loaded->step)));
  }
  SaveSteps(1, {1'000'000});
  EXPECT_THAT(Names(), ElementsAre("step-000001000000")) << "half saved folders are swept up";
}

TEST(TrainingState, ReadsBackWhatItWrote) {
  const TrainingState state{123, {4, 567}, 18446744073709551615u, 60000, {2, 0, 1}};
  const Result<TrainingState> parsed = ParseTrainingState(FormatTrainingState(state));
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(*parsed, state);
}

TEST(TrainingState, NamesWhatIsMissing) {
  EXPECT_THAT(ParseTrainingState("step 1\nepoch 2\n").status().message(), HasSubstr("no 'cursor'"));
  EXPECT_FALSE(ParseTrainingState("").ok());
  EXPECT_FALSE(ParseTrainingState("step 1\nepoch 0\ncursor 9\nseed 1\ntrain_count 5\n"
                                  "bucket_order\n")
                   .ok());
}

}  // namespace
}  // namespace lockstep
