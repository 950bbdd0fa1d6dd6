// A GJSON path as read from its text: what QueryGjson (gjson.h) walks along. Pure.
//
// The syntax is that of github.com/tidwall/gjson v1.18 (SYNTAX.md). Where a path ends and another
// begins inside it is decided as that library decides it, not as the syntax page suggests: what
// follows `#.` and `#(...)#.` is cut at a `|` that stands outside `.#(...)`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

struct GjsonPath;
using GjsonPathPtr = std::unique_ptr<const GjsonPath>;

struct GjsonQuery {
  GjsonPathPtr path;    // what of an element is compared; null: the element itself
  std::string op;       // = != < <= > >= % !%; "": only whether it is there
  std::string literal;  // without its quotes
};

struct GjsonPart {
  enum class Kind : std::uint8_t {
    kKey,    // name, index, na*me
    kCount,  // #
    kEach,   // #.rest
    kQuery,  // #(path op literal), #(path op literal)#
  };
  Kind kind = Kind::kKey;
  std::string key;  // without its escapes
  bool wild = false;
  std::optional<std::size_t> index;  // when the key is one, of an array
  GjsonQuery query;
  bool all = false;        // of a query: every match, in an array
  GjsonPathPtr rest;       // goes on inside each element; the last part then
  GjsonPathPtr rest_pipe;  // goes on with what `rest` found in all of them
};

struct GjsonPath {
  enum class Kind : std::uint8_t {
    kParts,  // a.b.#(c==1)
    kThis,   // @this
    kList,   // [path,path]
  };
  Kind kind = Kind::kParts;
  std::vector<GjsonPart> parts;
  std::vector<GjsonPath> items;
  GjsonPathPtr next;  // after a |, or a . where it means the same
};

// InvalidArgument: empty, longer than 4096 bytes, nested deeper than 64, or not of the subset; the
// message quotes the path, the column, what stands there and what to write.
Result<GjsonPath> ParseGjson(std::string_view path);

}  // namespace lockstep
