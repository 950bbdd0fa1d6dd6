// The text of a Go template -> pieces: text between actions, and actions as tokens. Internal to
// go_template.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

struct GoToken {
  enum class Kind : std::uint8_t { kWord, kField, kString, kInteger, kPipe, kOpen, kClose };
  Kind kind = Kind::kWord;
  std::string text;  // kField: ".", ".A.B", "$" or "$.A"; kString: without quotes and escapes
  std::size_t offset = 0;
};

struct GoPiece {
  std::size_t offset = 0;
  std::string_view text;        // between actions; trimmed where a neighbour says {{- or -}}
  bool is_action = false;       // {{...}}, comments left out
  std::vector<GoToken> tokens;  // actions only
};

// `text` must outlive the pieces. InvalidArgument "LINE:COLUMN: what" for what Go's lexer refuses
// or ours does not know.
Result<std::vector<GoPiece>> LexGoTemplate(std::string_view text);

// "LINE:COLUMN: what", both from 1, columns in bytes.
Status GoTemplateError(std::string_view text, std::size_t offset, std::string_view what);

}  // namespace lockstep
