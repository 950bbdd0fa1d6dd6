// ObjectQuery: which objects the words after a verb mean, as kubectl reads them. Pure.
//
//   trials              all of a kind; several: experiments,trials; all: every kind
//   trial a b           objects of a kind by name
//   exp/a trial/b       objects of any kinds
#pragma once

#include <string>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

struct ObjectQuery {
  std::vector<KindName> kinds;  // in the order they were named, each once
  std::vector<ObjectKey> keys;  // empty: all objects of these kinds

  // True: names, rows and errors have to tell the kind.
  bool many_kinds() const { return kinds.size() > 1; }
};

// InvalidArgument says what does not go together; NotFound names a kind that is none.
// REQUIRES: at least one word
Result<ObjectQuery> ParseObjectQuery(const std::vector<std::string>& words,
                                     const std::string& namespace_);

}  // namespace lockstep
