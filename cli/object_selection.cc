#include "cli/object_selection.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/label_selector.h"
#include "cli/manifest.h"
#include "cli/object_name.h"
#include "cli/object_query.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

Result<std::vector<ObjectKey>> KeysInFiles(const ObjectSelection& selection) {
  LOCKSTEP_ASSIGN_OR_RETURN(
      const Manifests manifests,
      LoadManifests(selection.files, {.default_namespace = selection.namespace_}));
  if (manifests.objects.empty()) {
    return InvalidArgument(FormatFileFinding(manifests.findings.front()));
  }
  std::vector<ObjectKey> keys;
  keys.reserve(manifests.objects.size());
  for (const Object& object : manifests.objects) keys.push_back(AppliedKey(object));
  std::ranges::stable_partition(  // what others read goes after them
      keys, [](const ObjectKey& key) {
        return key.kind != ConfigMap::kKind && key.kind != Secret::kKind &&
               !key.kind.ends_with("TrainingRuntime");
      });
  return keys;
}

}  // namespace

void AddSelection(CLI::App& verb, ObjectSelection& selection, bool with_files) {
  selection.namespace_ = kDefaultNamespace;
  verb.add_option("objects", selection.words,
                  "KIND NAME..., KIND/NAME..., or KIND with -l or --all");
  if (with_files) {
    verb.add_option("-f,--filename", selection.files, "The objects in files or directories");
  }
  verb.add_option("-n,--namespace", selection.namespace_, "Namespace");
  verb.add_option("-l,--selector", selection.selector, "Those of KIND with these labels");
  verb.add_flag("--all", selection.all, "All of KIND in the namespace");
}

Status CheckSelection(const ObjectSelection& selection) {
  const bool selects = selection.all || !selection.selector.empty();
  if (!selection.files.empty()) {
    return selection.words.empty() && !selects
               ? OkStatus()
               : InvalidArgument("name either objects or a file, not both");
  }
  LOCKSTEP_RETURN_IF_ERROR(LabelSelector::Parse(selection.selector).status());
  if (selection.words.empty()) {
    return InvalidArgument("a selector needs a kind: write it in front, as in trials -l a=b");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const ObjectQuery query,
                            ParseObjectQuery(selection.words, selection.namespace_));
  if (query.keys.empty() && !selects) {
    return InvalidArgument("'" + selection.words.front() + "' names no object: write " +
                           selection.words.front() + "/NAME, or -l LABELS, or --all");
  }
  if (!query.keys.empty() && selects) {
    return InvalidArgument("give either the names of objects, or a selector, or --all");
  }
  return OkStatus();
}

Result<std::vector<ObjectKey>> SelectObjects(ObjectClient& client,
                                             const ObjectSelection& selection) {
  if (!selection.files.empty()) return KeysInFiles(selection);
  LOCKSTEP_ASSIGN_OR_RETURN(ObjectQuery query,
                            ParseObjectQuery(selection.words, selection.namespace_));
  if (!query.keys.empty()) return std::move(query.keys);
  LOCKSTEP_ASSIGN_OR_RETURN(const LabelSelector selector, LabelSelector::Parse(selection.selector));
  std::vector<ObjectKey> keys;
  for (const KindName& kind : query.kinds) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::vector<Object> objects,
        client.List({std::string(kind.kind), selection.namespace_, selector.Equalities()}));
    for (const Object& object : objects) {
      if (!selector.Matches(MetaOf(object).labels)) continue;
      keys.push_back(kind.kind == TrainingJob::kKind ? KeyOf(object) : AppliedKey(object));
    }
  }
  return keys;
}

}  // namespace lockstep
