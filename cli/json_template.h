// JsonTemplate: text with values of a JSON document in it, as `kubectl -o jsonpath=` takes it.
//
//   {.metadata.name}                       the values, one space between them
//   {range .items[*]}...{end}              once for each value; paths in it begin there
//   {"\n"}                                 text
//
// Pure. Paths: json_path.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/json_path.h"

namespace lockstep {

class JsonTemplate {
 public:
  // Without any braces the whole text is one path, when it begins with a point or a $.
  // InvalidArgument names the column of what is not known.
  static Result<JsonTemplate> Parse(std::string_view text);

  // InvalidArgument: as JsonPath::Find, or more text than any sensible template makes.
  Result<std::string> Render(const Json& root) const;

 private:
  struct Node;
  class Parser;
  struct Output;
  static Status RenderInto(const std::vector<Node>& nodes, const Json& current, Output& output);

  std::shared_ptr<const std::vector<Node>> nodes_;
};

}  // namespace lockstep
