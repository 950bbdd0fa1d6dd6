#include "launcher/mount_plan.h"

#include <algorithm>
#include <map>
#include <set>

namespace lockstep {
namespace {

// One bound path, and where it is once links are followed.
struct Place {
  const BoundPath* bound;
  FileKind kind;       // of the source
  std::string anchor;  // the deepest folder that is there, when it is not the target itself
  std::string rest;    // from anchor to target: "a/b"
  std::string target;
};

std::string Join(const std::string& folder, const std::string& name) {
  return folder == "/" ? folder + name : folder + "/" + name;
}

// "/a//b/./c/" -> {"a", "b", "c"}.
std::vector<std::string> Parts(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

bool IsBelow(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

Result<Place> Find(const BoundPath& bound, const FileTree& host, const FileTree& tree) {
  Place place{&bound, host.Look(bound.source), {}, {}, {}};
  if (place.kind == FileKind::kNone) {
    return NotFound("what is to be seen at '" + bound.path + "' is not there: " + bound.source);
  }
  std::string there = "/";
  std::string missing;
  for (const std::string& part : Parts(bound.path)) {
    if (part == "..") return InvalidArgument("'" + bound.path + "': must not hold ..");
    if (missing.empty() && tree.Look(Join(there, part)) != FileKind::kNone) {
      there = Join(there, part);
    } else {
      missing += (missing.empty() ? "" : "/") + part;
    }
  }
  if (there == "/" && missing.empty()) {
    return InvalidArgument("'" + bound.path + "': nothing can be mounted over the root");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string resolved, tree.Resolve(there));
  place.target = resolved;
  if (missing.empty()) return place;
  if (tree.Look(resolved) != FileKind::kFolder) {
    return InvalidArgument("'" + bound.path + "': nothing can be mounted below " + resolved +
                           ", which is no folder");
  }
  place.anchor = resolved;
  place.rest = missing;
  place.target = Join(resolved, missing);
  return place;
}

class Planner {
 public:
  // `base`: where the program's root is while it is built; empty: it is the machine's.
  Planner(const FileTree& host, const FileTree& tree, const std::string& scratch,
          std::string base = {})
      : host_(host), tree_(tree), scratch_(scratch), base_(std::move(base)) {}

  Result<MountPlan> Plan(const std::vector<BoundPath>& bounds, const std::string& root = {}) {
    for (const BoundPath& bound : bounds) {
      LOCKSTEP_ASSIGN_OR_RETURN(Place place, Find(bound, host_, tree_));
      places_.push_back(std::move(place));
    }
    std::ranges::stable_sort(places_, {}, &Place::target);
    for (std::size_t i = 1; i < places_.size(); ++i) {
      if (places_[i].target != places_[i - 1].target) continue;
      return InvalidArgument("'" + places_[i].bound->path + "' and '" + places_[i - 1].bound->path +
                             "' are the same place, " + places_[i].target +
                             ": mount one thing there");
    }
    LOCKSTEP_RETURN_IF_ERROR(CheckKinds());
    for (const Place& place : places_) {
      plan_.push_back(
          {.action = MountAction::kTake, .source = place.bound->source, .path = place.bound->path});
    }
    if (!base_.empty()) {
      plan_.push_back(
          {.action = MountAction::kBind, .source = root, .target = base_, .path = root});
    }
    LOCKSTEP_RETURN_IF_ERROR(CoverAnchors());
    for (std::size_t i = 0; i < places_.size(); ++i) Put(i);
    for (const Place& place : places_) {
      if (place.bound->read_only) Add(MountAction::kReadOnly, "", At(place.target), place);
    }
    if (!base_.empty()) {
      plan_.push_back({.action = MountAction::kEnterRoot, .target = base_, .path = root});
    }
    return std::move(plan_);
  }

 private:
  // What another bound path covers; nullptr: none does.
  const Place* Outer(const Place& place) const {
    const Place* outer = nullptr;
    for (const Place& other : places_) {
      if (!IsBelow(place.target, other.target)) continue;
      if (outer == nullptr || outer->target.size() < other.target.size()) outer = &other;
    }
    return outer;
  }

  // The kernel would only say EINVAL or ENOTDIR.
  Status CheckKinds() const {
    for (const Place& place : places_) {
      if (!place.anchor.empty() || Outer(place) != nullptr) continue;
      const bool folder = tree_.Look(place.target) == FileKind::kFolder;
      if (folder == (place.kind == FileKind::kFolder)) continue;
      return InvalidArgument("'" + place.bound->path + "' is " + (folder ? "a folder" : "a file") +
                             " here, and " + place.bound->source + " is none");
    }
    return OkStatus();
  }

  void Add(MountAction action, const std::string& source, const std::string& target,
           const Place& place) {
    plan_.push_back(
        {.action = action, .source = source, .target = target, .path = place.bound->path});
  }

  // Where a path of the program is now.
  std::string At(const std::string& path) const {
    if (base_.empty()) return path;
    return path == "/" ? base_ : base_ + path;
  }

  // The folders from `top` down to the place, and what is mounted on at their end.
  void MakeTarget(const std::string& top, const std::string& rest, const Place& place) {
    std::string target = top;
    const std::vector<std::string> parts = Parts(rest);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      target = Join(target, parts[i]);
      const bool file = i + 1 == parts.size() && place.kind != FileKind::kFolder;
      Add(file ? MountAction::kFile : MountAction::kFolder, "", target, place);
    }
  }

  // Parents first: what covers them shows what they had, so that their children are still there.
  Status CoverAnchors() {
    std::map<std::string, std::vector<const Place*>> anchors;
    for (const Place& place : places_) {
      if (!place.anchor.empty() && Outer(place) == nullptr) {
        anchors[place.anchor].push_back(&place);
      }
    }
    for (const auto& [anchor, places] : anchors) {
      LOCKSTEP_RETURN_IF_ERROR(Cover(anchor, places));
    }
    return OkStatus();
  }

  Status Cover(const std::string& anchor, const std::vector<const Place*>& places) {
    const Place& first = *places.front();
    const Result<Folder> folder = tree_.List(anchor);
    if (!folder.ok()) return folder.status().WithContext("'" + first.bound->path + "'");
    Add(MountAction::kMemory, "", scratch_, first);
    plan_.back().mode = folder->mode;
    std::set<std::string> own;
    for (const Place* place : places) own.insert(Parts(place->rest).front());
    for (const FolderEntry& entry : folder->entries) {
      if (own.contains(entry.name)) continue;  // a link that leads nowhere
      const std::string target = Join(scratch_, entry.name);
      if (entry.kind == FileKind::kLink) {
        Add(MountAction::kLink, entry.link, target, first);
        continue;
      }
      Add(entry.kind == FileKind::kFolder ? MountAction::kFolder : MountAction::kFile, "", target,
          first);
      Add(MountAction::kBind, At(Join(anchor, entry.name)), target, first);
    }
    for (const Place* place : places) MakeTarget(scratch_, place->rest, *place);
    if (anchor == "/" && base_.empty()) {
      Add(MountAction::kEnterRoot, "", scratch_, first);
    } else {
      Add(MountAction::kMove, scratch_, At(anchor), first);
    }
    return OkStatus();
  }

  void Put(std::size_t index) {
    const Place& place = places_[index];
    if (const Place* outer = Outer(place)) {
      MakeTarget(At(outer->target), place.target.substr(outer->target.size()), place);
    }
    Add(MountAction::kPut, "", At(place.target), place);
    plan_.back().taken = index;
  }

  const FileTree& host_;
  const FileTree& tree_;  // as the program would see it
  const std::string& scratch_;
  const std::string base_;
  std::vector<Place> places_;
  MountPlan plan_;
};

}  // namespace

Result<MountPlan> MakeMountPlan(const std::vector<BoundPath>& bounds, const FileTree& tree,
                                const std::string& scratch) {
  return Planner(tree, tree, scratch).Plan(bounds);
}

Result<MountPlan> MakeRootMountPlan(const RootFolder& root, const std::vector<BoundPath>& bounds,
                                    const FileTree& host, const std::string& scratch) {
  return Planner(host, root.tree, scratch, root.base).Plan(bounds, root.path);
}

}  // namespace lockstep
