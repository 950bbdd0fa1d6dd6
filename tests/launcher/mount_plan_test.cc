#include "launcher/mount_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A file system that is a list of paths: folders end with /, links say where they lead.
class ListedTree final : public FileTree {
 public:
  explicit ListedTree(std::map<std::string, std::string> entries) : entries_(std::move(entries)) {}

  FileKind Look(const std::string& path) const override {
    const std::string real = Real(path);
    if (real == "/" || entries_.contains(real + "/")) return FileKind::kFolder;
    return entries_.contains(real) && entries_.at(real).empty() ? FileKind::kFile : FileKind::kNone;
  }
  Result<std::string> Resolve(const std::string& path) const override { return Real(path); }
  Result<Folder> List(const std::string& path) const override {
    Folder folder{01777, {}};
    const std::string begin = path == "/" ? path : path + "/";
    for (const auto& [entry, link] : entries_) {
      if (!entry.starts_with(begin) || entry == begin) continue;
      const std::string rest = entry.substr(begin.size());
      const std::size_t slash = rest.find('/');
      if (slash != rest.npos && slash + 1 != rest.size()) continue;
      const FileKind kind = slash != rest.npos ? FileKind::kFolder
                            : link.empty()     ? FileKind::kFile
                                               : FileKind::kLink;
      folder.entries.push_back({rest.substr(0, slash), kind, link});
    }
    return folder;
  }

 private:
  // Follows a link that the path begins with.
  std::string Real(const std::string& path) const {
    for (const auto& [entry, link] : entries_) {
      if (!link.empty() && (path == entry || path.starts_with(entry + "/"))) {
        return Real(link + path.substr(entry.size()));
      }
    }
    return path;
  }
  std::map<std::string, std::string> entries_;
};

ListedTree Machine() {
  return ListedTree({{"/bin", "/usr/bin"},
                     {"/usr/", ""},
                     {"/usr/bin/", ""},
                     {"/var/", ""},
                     {"/var/log/", ""},
                     {"/var/log/syslog", ""},
                     {"/var/log/apt/", ""},
                     {"/data/", ""},
                     {"/init", ""},
                     {"/job/", ""},
                     {"/job/a/", ""},
                     {"/job/b/", ""},
                     {"/job/file", ""}});
}

std::vector<std::string> StepsOf(const Result<MountPlan>& plan) {
  if (!plan.ok()) return {plan.status().message()};
  constexpr const char* kNames[] = {"take", "memory", "folder", "file", "link",
                                    "bind", "move",   "root",   "put",  "read-only"};
  std::vector<std::string> steps;
  for (const MountStep& step : *plan) {
    std::string text = kNames[static_cast<std::size_t>(step.action)];
    if (!step.source.empty()) text += " " + step.source;
    if (!step.target.empty()) text += " " + step.target;
    if (step.action == MountAction::kPut) text += " " + std::to_string(step.taken);
    steps.push_back(text);
  }
  return steps;
}

std::vector<std::string> Steps(const std::vector<BoundPath>& bounds) {
  return StepsOf(MakeMountPlan(bounds, Machine(), "/s"));
}

TEST(MountPlan, ARootOfItsOwnIsBuiltAsideAndEnteredLast) {
  const ListedTree image({{"/bin", "/usr/bin"}, {"/usr/", ""}, {"/usr/bin/", ""}, {"/proc/", ""}});
  EXPECT_THAT(
      StepsOf(MakeRootMountPlan({"/img", image, "/b"},
                                {{"/proc", "/proc", false}, {"/bin/tool", "/job/file", true}},
                                ListedTree({{"/proc/", ""}, {"/job/file", ""}}), "/s")),
      ElementsAre("take /proc", "take /job/file", "bind /img /b", "memory /s", "file /s/tool",
                  "move /s /b/usr/bin", "put /b/proc 0", "put /b/usr/bin/tool 1",
                  "read-only /b/usr/bin/tool", "root /b"));
  // Over the image's top folder: it is covered like any other, and entered with the rest.
  EXPECT_THAT(
      StepsOf(MakeRootMountPlan({"/img", image, "/b"}, {{"/data", "/job", false}},
                                ListedTree(std::map<std::string, std::string>{{"/job/", ""}}),
                                "/s")),
      ElementsAre("take /job", "bind /img /b", "memory /s", "link /usr/bin /s/bin",
                  "folder /s/proc", "bind /b/proc /s/proc", "folder /s/usr", "bind /b/usr /s/usr",
                  "folder /s/data", "move /s /b", "put /b/data 0", "root /b"));
}

TEST(MountPlan, BindsWhereThePathIsThere) {
  EXPECT_THAT(Steps({{"/data/", "/job/a"}}), ElementsAre("take /job/a", "put /data 0"));
  EXPECT_THAT(Steps({{"/bin", "/job/a", true}}),
              ElementsAre("take /job/a", "put /usr/bin 0", "read-only /usr/bin"));
}

TEST(MountPlan, CoversTheDeepestFolderThatIsThere) {
  EXPECT_THAT(Steps({{"/var/log/katib/x", "/job/a"}}),
              ElementsAre("take /job/a", "memory /s", "folder /s/apt", "bind /var/log/apt /s/apt",
                          "file /s/syslog", "bind /var/log/syslog /s/syslog", "folder /s/katib",
                          "folder /s/katib/x", "move /s /var/log", "put /var/log/katib/x 0"));
}

TEST(MountPlan, ChangesTheRootForAPathBelowIt) {
  EXPECT_THAT(
      Steps({{"/katib", "/job/file"}}),
      ElementsAre("take /job/file", "memory /s", "link /usr/bin /s/bin", "folder /s/data",
                  "bind /data /s/data", "file /s/init", "bind /init /s/init", "folder /s/job",
                  "bind /job /s/job", "folder /s/usr", "bind /usr /s/usr", "folder /s/var",
                  "bind /var /s/var", "file /s/katib", "root /s", "put /katib 0"));
}

TEST(MountPlan, TakesAllBeforeItCoversAnything) {
  // /job holds the other source.
  EXPECT_THAT(Steps({{"/job", "/job/a"}, {"/data", "/job/b"}}),
              ElementsAre("take /job/b", "take /job/a", "put /data 0", "put /job 1"));
}

TEST(MountPlan, MountsWithinAMountAfterIt) {
  EXPECT_THAT(Steps({{"/data/in/side", "/job/file"}, {"/data", "/job/a", true}}),
              ElementsAre("take /job/a", "take /job/file", "put /data 0", "folder /data/in",
                          "file /data/in/side", "put /data/in/side 1", "read-only /data"));
}

TEST(MountPlan, CoversOneFolderOnceAndParentsFirst) {
  const std::vector<std::string> steps =
      Steps({{"/var/log/a", "/job/a"}, {"/var/log/b", "/job/b"}, {"/katib", "/job/a"}});
  std::vector<std::string> covers;
  for (const std::string& step : steps) {
    if (step.starts_with("move") || step.starts_with("root")) covers.push_back(step);
  }
  EXPECT_THAT(covers, ElementsAre("root /s", "move /s /var/log"));
}

TEST(MountPlan, SaysWhatCannotBe) {
  EXPECT_THAT(Steps({{"/", "/job/a"}}).at(0), HasSubstr("over the root"));
  EXPECT_THAT(Steps({{"/data/../x", "/job/a"}}).at(0), HasSubstr("must not hold .."));
  EXPECT_THAT(Steps({{"/data", "/job/none"}}).at(0), HasSubstr("is not there: /job/none"));
  EXPECT_THAT(Steps({{"/data", "/job/file"}}).at(0),
              HasSubstr("'/data' is a folder here, and /job"));
  EXPECT_THAT(Steps({{"/init", "/job/a"}}).at(0),
              HasSubstr("'/init' is a file here, and /job/a is"));
  EXPECT_THAT(Steps({{"/init/x", "/job/a"}}).at(0), HasSubstr("below /init, which is no folder"));
  EXPECT_THAT(Steps({{"/bin", "/job/a"}, {"/usr/bin", "/job/b"}}).at(0),
              HasSubstr("are the same place, /usr/bin"));
}

}  // namespace
}  // namespace lockstep
