// A Go template as a tree of texts, actions and blocks. Internal to go_template.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

struct GoCommand;
using GoPipeline = std::vector<GoCommand>;  // each command's value is the next one's last argument

struct GoOperand {
  enum class Kind : std::uint8_t { kField, kString, kInteger, kBoolean, kGroup };
  Kind kind = Kind::kField;
  std::string spelling;           // fields: as written, for messages
  bool from_root = false;         // fields: `$` in front
  std::vector<std::string> path;  // fields
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  GoPipeline group;  // ( ... )
  std::size_t offset = 0;
};

struct GoCommand {
  std::string function;  // empty: the one argument is the value
  std::vector<GoOperand> arguments;
  std::size_t offset = 0;
};

struct GoNode {
  enum class Kind : std::uint8_t { kText, kAction, kIf, kWith, kRange };
  Kind kind = Kind::kText;
  std::size_t offset = 0;
  std::string_view text;
  GoPipeline pipeline;
  std::vector<GoNode> body;
  std::vector<GoNode> otherwise;
};

// `text` must outlive the tree, which is at most `depth_max` deep. InvalidArgument
// "LINE:COLUMN: what" names the construct that is not supported or not complete.
Result<std::vector<GoNode>> ParseGoTemplate(std::string_view text, int depth_max);

}  // namespace lockstep
