// JsonPath: an expression that selects values of a JSON document, in the form kubectl takes.
//
//   .spec.parameters[0].name   fields, and elements by number; -1 is the last one
//   ['a','b'] [0,2] [1:3] [::2] several elements, or a range of them
//   .* [*] ..name              all elements; `name` at any depth
//   [?(@.type=="Failed")]      the elements of a list for which it holds: == != < > <= >=, or that
//                              have the field, [?(@.x)]. A text that is a number compares with a
//                              number as one: Katib writes its values as texts.
//   $ the whole document, @ or nothing: what is looked at. \ takes the next character as it is:
//   .metadata.labels.a\.b/c
//
// Pure. Whatever is asked for, the work is bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/json.h"
#include "runtime/base/status.h"

namespace lockstep {

class JsonPath {
 public:
  // `text` is an expression without braces. InvalidArgument names the column of what is not known,
  // counted from `column_before` + 1. The leading point may be left out: "metadata.name".
  static Result<JsonPath> Parse(std::string_view text, std::size_t column_before = 0);

  // The values, in the document's order; pointers into it. What is not there selects nothing.
  // InvalidArgument: more work than any sensible expression makes.
  Result<std::vector<const Json*>> Find(const Json& root) const;
  // The same from `current`, a value of `root`. Takes what it looks at off `visits_left`.
  Result<std::vector<const Json*>> Find(const Json& root, const Json& current,
                                        std::int64_t& visits_left) const;
  static constexpr std::int64_t kVisitsMax = 10'000'000;

 private:
  struct Step;
  struct Operand;
  struct Filter;
  class Parser;
  class Search;

  bool from_root_ = false;
  std::shared_ptr<const std::vector<Step>> steps_;
};

// As kubectl prints a value: a string as it is, anything else as JSON.
std::string JsonText(const Json& value);

// Where the first of the characters `ends` stands, from `begin` on, outside brackets and the quotes
// in them; the end of `text` when there is none.
std::size_t EndOutsideBrackets(std::string_view text, std::size_t begin, std::string_view ends);

}  // namespace lockstep
