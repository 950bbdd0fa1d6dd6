// What a program can put into its job directory to lead a reader astray.
#include "operators/backend/job_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class JobFiles : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(folder_.File(name)).parent_path());
    std::ofstream(folder_.File(name), std::ios::binary) << text;
  }
  FilePiece Read(const std::string& name) {
    return ReadJobFile(folder_.File("job"), name, 0, 100).value();
  }
  TemporaryFolder folder_;
};

TEST_F(JobFiles, LinksAreNotFollowedNeitherOutNorInside) {
  Write("secret", "s");
  Write("job/volumes/m.log", "m");
  Write("outside/m.log", "s");
  fs::create_symlink("../../secret", folder_.File("job/volumes/up"));
  fs::create_symlink(folder_.File("secret"), folder_.File("job/volumes/absolute"));
  fs::create_symlink("m.log", folder_.File("job/volumes/inside"));
  fs::create_directory_symlink(folder_.File("outside"), folder_.File("job/volumes/folder"));
  EXPECT_EQ(Read("volumes/m.log").bytes, "m");
  for (const char* name :
       {"volumes/up", "volumes/absolute", "volumes/inside", "volumes/folder/m.log"}) {
    const FilePiece piece = Read(name);
    EXPECT_EQ(piece.identity, "") << name;
    EXPECT_EQ(piece.bytes, "") << name;
    EXPECT_EQ(piece.why_not, "is reached by a symbolic link, which is not followed") << name;
  }
  const auto files = ListJobFiles(folder_.File("job"), "volumes").value();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, "volumes/m.log");
  EXPECT_TRUE(ListJobFiles(folder_.File("job"), "volumes/folder").value().empty());
}

TEST_F(JobFiles, WhatIsNoFileIsNamedAndNeverWaitedFor) {
  Write("job/a/m.log", "m");
  ASSERT_EQ(mkfifo(folder_.File("job/pipe").c_str(), 0600), 0);
  EXPECT_EQ(Read("a").why_not, "is a folder");
  EXPECT_EQ(Read("pipe").why_not, "is no file with contents");
  EXPECT_EQ(Read("a/m.log/more").why_not, "");
  EXPECT_EQ(Read("a/m.log/more").identity, "");
}

TEST_F(JobFiles, AFileIsKnownAgainByAnotherNameAndNotAnotherByItsName) {
  Write("job/m.log", "old");
  const std::string old = Read("m.log").identity;
  fs::rename(folder_.File("job/m.log"), folder_.File("job/m.log.1"));
  Write("job/m.log", "new");
  EXPECT_EQ(Read("m.log.1").identity, old);
  EXPECT_NE(Read("m.log").identity, old);
}

TEST_F(JobFiles, ListsManyAndDeepFilesInOrder) {
  std::string deep = "job";
  for (int i = 0; i < 20; ++i) deep += "/d";
  Write(deep + "/z", "1");
  Write("job/d/a", "22");
  const auto files = ListJobFiles(folder_.File("job"), "d").value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "d/a");
  EXPECT_EQ(files[0].size, 2U);
}

}  // namespace
}  // namespace lockstep
