// A state directory that is full or cannot be written loses nothing, and an operator that has
// nothing to do does nothing.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class DurabilityTest : public LockstepTest {
 protected:
  ~DurabilityTest() override {
    if (!mounted_) return;
    if (const pid_t pid = OperatorPid(); pid > 0) kill(pid, SIGKILL);
    umount2(state_dir_.c_str(), MNT_DETACH);
  }
  // A file system of the state directory's own; false, with errno, where this user may not.
  bool Mount(const char* options) {
    fs::create_directories(state_dir_);
    mounted_ = mount("tmpfs", state_dir_.c_str(), "tmpfs", 0, options) == 0;
    return mounted_;
  }
  std::string Filler() const { return state_dir_ + "/filler"; }
  void Fill() const {
    std::ofstream file(Filler(), std::ios::binary);
    const std::string piece(4096, 'x');
    while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
  }

 private:
  bool mounted_ = false;
};

#define SKIP_WITHOUT_MOUNT(options) \
  if (!Mount(options))              \
  GTEST_SKIP() << "cannot mount a tmpfs here: " << strerror(errno) << "; run it as root"

TEST_F(DurabilityTest, AFullDiskIsAnErrorThatLosesNothing) {
  SKIP_WITHOUT_MOUNT("size=6m");
  const std::string go = dir_ + "/go";
  const std::string script = "while ! [ -e " + go + " ]; do sleep 0.05; done; echo accuracy=${x}";
  ASSERT_EQ(Run({"apply", "-f", WriteFile("a.yaml", ExperimentYaml("a", script, 3))}).code, 0);
  ASSERT_TRUE(Eventually([&] { return Get("experiment", "a")["status"]["trialsRunning"] > 0; }));
  const pid_t before = OperatorPid();
  Fill();
  const std::string file = WriteFile("b.yaml", ExperimentYaml("b", "echo accuracy=${x}", 2));
  const Outcome refused = Run({"apply", "-f", file});
  EXPECT_EQ(refused.code, 1) << refused.out;
  EXPECT_NE(refused.err.find("full"), std::string::npos) << refused.err;
  std::ofstream(go).put('\n');  // what runs ends on a full disk
  EXPECT_EQ(Run({"get", "experiment", "a"}).code, 0) << "reading needs no space";
  EXPECT_EQ(OperatorPid(), before) << "the operator goes on";
  fs::remove(Filler());
  EXPECT_EQ(Run({"apply", "-f", file}).code, 0);
  for (const char* name : {"a", "b"}) {
    const Outcome ended = Run({"wait", std::string("experiment/") + name,
                               "--for=condition=Succeeded", "--timeout", "100s"},
                              "", std::chrono::seconds(110));
    EXPECT_EQ(ended.code, 0) << name << ": " << ended.err;
  }
  EXPECT_EQ(Get("experiment", "a")["status"]["trials"], 3);
  EXPECT_EQ(OperatorPid(), before);
}

TEST_F(DurabilityTest, AReadOnlyStateDirectoryIsAnErrorThatLosesNothing) {
  SKIP_WITHOUT_MOUNT("size=16m");
  ASSERT_EQ(Run({"apply", "-f", WriteFile("a.yaml", ExperimentYaml("a", "echo accuracy=${x}", 1)),
                 "--follow"})
                .code,
            0);
  const pid_t pid = OperatorPid();
  ASSERT_GT(pid, 0);
  kill(pid, SIGTERM);
  ASSERT_TRUE(Eventually([&] { return kill(pid, 0) != 0 || OperatorPid() == 0; }));
  ASSERT_TRUE(Eventually([&] {
    return mount("", state_dir_.c_str(), "", MS_REMOUNT | MS_RDONLY, "") == 0;
  })) << strerror(errno);
  const Outcome refused = Run({"get", "experiments"});
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("Read-only file system"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find(state_dir_), std::string::npos) << refused.err;
  ASSERT_EQ(mount("", state_dir_.c_str(), "", MS_REMOUNT, ""), 0) << strerror(errno);
  EXPECT_EQ(Get("experiment", "a")["status"]["trialsSucceeded"], 1);
}

// How often the threads of a process have gone to sleep of themselves: each time is at least one
// system call.
std::map<std::string, long> Sleeps(pid_t pid) {
  std::map<std::string, long> sleeps;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string word; status >> word;) {
      if (word == "voluntary_ctxt_switches:") status >> sleeps[task.path().filename()];
    }
  }
  return sleeps;
}

TEST_F(DurabilityTest, AnIdleOperatorSleepsUntilSomethingHappens) {
  ASSERT_EQ(Run({"operator", "--detach"}).code, 0);
  ASSERT_EQ(Run({"apply", "-f", WriteFile("a.yaml", ExperimentYaml("a", "echo accuracy=${x}", 2)),
                 "--follow"})
                .code,
            0);
  const pid_t pid = OperatorPid();
  ASSERT_GT(pid, 0);
  // It comes to rest; then two looks, some time apart, find it where it was.
  std::map<std::string, long> before = Sleeps(pid);
  auto since = std::chrono::steady_clock::now();
  const bool rested = Eventually([&] {
    const auto now = Sleeps(pid);
    if (now != before) {
      before = now;
      since = std::chrono::steady_clock::now();
    }
    return std::chrono::steady_clock::now() - since > std::chrono::seconds(3);
  });
  EXPECT_TRUE(rested) << "it wakes up although nothing happens";
  EXPECT_EQ(OperatorPid(), pid);
}

}  // namespace
}  // namespace lockstep
