// LabelSelector: which objects are meant, by their labels, as kubectl's -l takes it:
//
//   a=b  a==b  a!=b  a in (b,c)  a notin (b,c)  a  !a      commas between: all must hold
//
// Pure. As in Kubernetes, != and notin hold for an object without the label too.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operators/api/meta.h"
#include "runtime/base/status.h"

namespace lockstep {

class LabelSelector {
 public:
  // Empty: every object. InvalidArgument names the column.
  static Result<LabelSelector> Parse(std::string_view text);

  bool Matches(const Labels& labels) const;
  // What a ListFilter can say of it: the operator leaves out most of what does not match, Matches
  // the rest.
  Labels Equalities() const;

 private:
  enum class Test : std::uint8_t { kIn, kNotIn, kExists, kNotExists };
  struct Requirement {
    std::string name;
    Test test = Test::kExists;
    std::set<std::string> values;
  };
  class Parser;

  std::vector<Requirement> requirements_;
};

}  // namespace lockstep
