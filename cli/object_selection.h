// ObjectSelection: the objects that a verb is about: by name, by kind with a selector or --all, or
// those in files.
#pragma once

#include <string>
#include <vector>

#include "cli/object_client.h"

namespace CLI {
class App;
}

namespace lockstep {

struct ObjectSelection {
  std::vector<std::string> words;  // as ObjectQuery reads them
  std::vector<std::string> files;
  std::string namespace_;
  std::string selector;
  bool all = false;
};

// The options and the words after `verb`; -f only when `with_files`. Namespace: default.
void AddSelection(CLI::App& verb, ObjectSelection& selection, bool with_files);

// What can be said without an operator: words that do not go together, a selector that is none.
Status CheckSelection(const ObjectSelection& selection);
// Those named, whether they are there or not; those selected, which are. REQUIRES: CheckSelection
// was ok. None: nothing matches.
Result<std::vector<ObjectKey>> SelectObjects(ObjectClient& client,
                                             const ObjectSelection& selection);

}  // namespace lockstep
