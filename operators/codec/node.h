// Node: what a parser's events build, before aliases are expanded. Internal to codec.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/document.h"

namespace lockstep {

struct Node {
  enum class Kind : std::uint8_t { kScalar, kSequence, kMap, kAlias };
  Kind kind = Kind::kScalar;
  Position position;
  std::string source;  // scalars: as spelled, without quotes
  Json scalar;         // scalars: resolved; discarded: no JSON value (.nan)
  std::vector<std::unique_ptr<Node>> children;  // maps: key, value, key, value ...
  int block_indent = -1;                        // see Mark
  bool plain = false;
  bool is_merge_key = false;     // << without quotes
  const Node* target = nullptr;  // aliases
  bool complete = true;          // false while its children are being read
};

// "FILE:LINE:COLUMN: what".
Status DocumentError(std::string_view file, Position position, std::string_view what);

// Expands aliases and merge keys, refuses duplicate keys and what exceeds `limits`.
Result<Document> ComposeDocument(const Node& root, std::string_view file,
                                 const CodecLimits& limits);

// Text that is too long, no UTF-8 or holds control characters is InvalidArgument.
Status CheckText(std::string_view text, std::string_view file, const CodecLimits& limits);

// The place of a byte of `text`.
Position PositionOf(std::string_view text, std::size_t offset);

}  // namespace lockstep
