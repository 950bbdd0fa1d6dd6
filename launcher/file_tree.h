// What is to be known of a file system before mounts can be planned: this machine's, or one that a
// test makes up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

enum class FileKind : std::uint8_t {
  kNone,
  kFolder,
  kLink,
  kFile
};  // kFile: all that is no folder

struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::kFile;  // of the entry itself
  std::string link = {};            // what a link says
};

struct Folder {
  unsigned mode = 0755;
  std::vector<FolderEntry> entries;  // without . and ..
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  // Of what is at the end of all links; kNone when nothing is.
  virtual FileKind Look(const std::string& path) const = 0;
  // Without links, "." and "..". REQUIRES: Look(path) is not kNone
  virtual Result<std::string> Resolve(const std::string& path) const = 0;
  virtual Result<Folder> List(const std::string& path) const = 0;
};

std::unique_ptr<FileTree> MakeHostFileTree();
// What a program sees whose root is the folder `root` of this machine: paths and links begin there.
std::unique_ptr<FileTree> MakeRootFileTree(const std::string& root);

}  // namespace lockstep
