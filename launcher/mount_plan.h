// MountPlan: the steps by which a program comes to see folders and files at other paths, while
// nothing changes for anybody else. Pure; mount_namespace.h carries it out.
//
// Where a path is not there, its deepest folder that is (A) is covered by a new one in memory that
// shows all that A has, bound, and the new folder: nothing is made on the machine. What is written
// into A itself is then seen by that program alone; what is below the entries of A is the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launcher/file_tree.h"
#include "runtime/base/status.h"

namespace lockstep {

struct BoundPath {
  std::string path;    // absolute, without ".."
  std::string source;  // a folder or file that is there, absolute
  bool read_only = false;
};

enum class MountAction : std::uint8_t {
  kTake,       // of `source`, before anything covers it; they are put in the order of taking
  kMemory,     // a new file system of mode `mode` over the folder `target`
  kFolder,     // `target` is made, unless it is there
  kFile,       // the same, an empty file
  kLink,       // `target` is made a link that says `source`
  kBind,       // `target` shows `source`, unless that has gone
  kMove,       // the file system at `source` goes over `target`
  kEnterRoot,  // the file system at `target` becomes the root
  kPut,        // `target` shows what was taken as number `taken`
  kReadOnly,   // what is at `target` cannot be written to
};

struct MountStep {
  MountAction action;
  std::string source = {};
  std::string target = {};
  unsigned mode = 0;
  std::size_t taken = 0;
  std::string path = {};  // of the BoundPath that it is for
};

using MountPlan = std::vector<MountStep>;

// `scratch`: an empty folder that nothing else uses. InvalidArgument names the path; what the tree
// fails with.
Result<MountPlan> MakeMountPlan(const std::vector<BoundPath>& bounds, const FileTree& tree,
                                const std::string& scratch);

// A folder that is to be the root of a program.
struct RootFolder {
  std::string path;      // absolute
  const FileTree& tree;  // what is in it, as from inside
  std::string base;      // an empty folder that nothing else uses, where it is built
};
// The same for a program in a root of its own: paths of `bounds` are in it, sources are of `host`.
// Nothing is made in the folder itself.
Result<MountPlan> MakeRootMountPlan(const RootFolder& root, const std::vector<BoundPath>& bounds,
                                    const FileTree& host, const std::string& scratch);

}  // namespace lockstep
