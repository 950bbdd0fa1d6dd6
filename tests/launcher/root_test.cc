// Programs in a root file system of their own: an image that was unpacked into a folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "launcher/file_tree.h"
#include "launcher/rank_mounts.h"
#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// What a small image holds, as links in it lead: within it.
TEST(RootFileTree, LinksAndParentsStayInside) {
  const TemporaryFolder folder;
  const std::string root = folder.path() + "/root";
  fs::create_directories(root + "/usr/bin");
  std::ofstream(root + "/usr/bin/tool") << "x";
  fs::create_symlink("/usr/bin", root + "/bin");
  fs::create_symlink("../../../../../../usr", root + "/up");
  fs::create_symlink("/nowhere", root + "/broken");
  const auto tree = MakeRootFileTree(root);
  EXPECT_EQ(tree->Look("/bin/tool"), FileKind::kFile);
  EXPECT_EQ(tree->Resolve("/bin").value(), "/usr/bin");
  EXPECT_EQ(tree->Resolve("/up/bin").value(), "/usr/bin");
  EXPECT_EQ(tree->Resolve("/").value(), "/");
  EXPECT_EQ(tree->Look("/broken"), FileKind::kNone);
  EXPECT_EQ(tree->Look("/etc/hosts"), FileKind::kNone);
  EXPECT_EQ(tree->Look("/../.."), FileKind::kFolder);
  const Folder listed = tree->List("/").value();
  EXPECT_EQ(listed.entries.size(), 4U);
  EXPECT_EQ(MakeRootFileTree(folder.path() + "/none")->Look("/"), FileKind::kNone);
}

class Root : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(root_ + "/opt/tools");
    fs::create_directories(root_ + "/work");
    std::ofstream(root_ + "/marker") << "inside\n";
    std::ofstream(root_ + "/opt/tools/trainer") << "#!/bin/sh\necho trains \"$@\"\n";
    fs::permissions(root_ + "/opt/tools/trainer", fs::perms::owner_all);
    if (name.starts_with("WithoutNamespaces") || KernelGivesNamespaces()) return;
    GTEST_SKIP() << "Root." << name << ": this kernel gives no mount namespaces";
  }

  // The machine's own programs, so that the image need not hold a shell: mounted as volumes are.
  static json System() {
    json mounts = json::array();
    for (const char* path : {"/usr", "/bin", "/lib", "/lib64"}) {
      if (fs::exists(path)) {
        mounts.push_back({{"path", path}, {"source", path}, {"read_only", true}});
      }
    }
    return mounts;
  }
  json Role(const std::string& shell, const json& fields = json::object()) {
    json role = {{"name", "w"},
                 {"command", {"sh", "-c", shell}},
                 {"root", root_},
                 {"env", {{"PATH", "/opt/tools:/usr/bin:/bin"}}},
                 {"mounts", System()}};
    role.update(fields);
    return role;
  }
  std::vector<std::string> Arguments(const json& role) {
    return {"--plan", folder_.Write("plan.json", json{{"roles", {role}}}.dump())};
  }
  std::vector<std::string> Entries() const {
    std::vector<std::string> entries;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      entries.push_back(entry.path().string());
    }
    return entries;
  }

  const TemporaryFolder folder_;
  const std::string root_ = folder_.path() + "/image";
};

TEST_F(Root, IsAllThatTheProgramSees) {
  const std::vector<std::string> before = Entries();
  json mounts = System();
  mounts.push_back({{"path", "/data/own"}, {"source", "own"}, {"read_only", false}});
  LaunchedRun run(Arguments(
      Role("cat /marker; ls /; pwd; echo hi > /data/own/x; echo job > $LOCKSTEP_JOB_DIR/y; "
           "trainer --lr 1; cat /proc/1/comm > /dev/null && echo proc; [ -c /dev/null ] && echo "
           "dev; cat /etc/hosts; getent ahostsv4 w-0.test",
           {{"mounts", mounts}, {"host_names", {"w-${lockstep.index}.test"}}})));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* line : {"inside", "/", "trains --lr 1", "proc", "dev", "data", "work"}) {
    EXPECT_THAT(result.out, HasSubstr(std::string("[0] ") + line + "\n"));
  }
  EXPECT_THAT(result.out, Not(HasSubstr("[0] home\n")));
  EXPECT_THAT(result.out, HasSubstr("127.0.0.1       STREAM w-0.test\n"));
  EXPECT_EQ(ReadText(run.dir().path() + "/volumes/rank-0/own/x"), "hi\n");
  EXPECT_EQ(ReadText(run.dir().path() + "/y"), "job\n");
  EXPECT_EQ(Entries(), before) << "nothing is made in the image";
}

TEST_F(Root, AProgramThatIsNotInItIsMissing) {
  json role = Role("");
  role["command"] = {"lockstep-no-such"};
  LaunchedRun run(Arguments(role));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.err,
              HasSubstr("no program 'lockstep-no-such' in PATH of the root file system " + root_ +
                        " (searched /opt/tools:/usr/bin:/bin)"));
}

TEST_F(Root, AProgramOfThisMachineIsNotInIt) {
  const std::string outside = folder_.Write("outside", "#!/bin/sh\necho outside\n");
  fs::permissions(outside, fs::perms::owner_all);
  const fs::path home = fs::path("/var/tmp") / ("lockstep-root-test-" + std::to_string(getpid()));
  fs::copy_file(outside, home);
  json role = Role("");
  role["command"] = {home.string()};
  LaunchedRun run(Arguments(role));
  const RunResult result = run.Await();
  fs::remove(home);
  EXPECT_EQ(result.exit_code, 127) << result.out;
  EXPECT_THAT(result.err, HasSubstr("no program '" + home.string() + "' of the root file system"));
}

TEST_F(Root, AFolderThatIsNotThereIsNamed) {
  json role = Role("true");
  role["root"] = "/no/such/image";
  LaunchedRun run(Arguments(role));
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 126);
  EXPECT_THAT(result.err, HasSubstr("there is no folder /no/such/image: unpack the image's"));
}

TEST_F(Root, WithoutNamespacesSaysTheWayOut) {
  LaunchedRun run(Arguments(Role("true")), {.env = {std::string(kNoNamespacesVariable) + "=1"}});
  const RunResult result = run.Await();
  EXPECT_EQ(result.exit_code, 126);
  EXPECT_THAT(result.err, HasSubstr("the root file system " + root_ +
                                    " cannot be entered here (LOCKSTEP_NO_NAMESPACES is 1): map "
                                    "the image to host"));
}

}  // namespace
}  // namespace lockstep
