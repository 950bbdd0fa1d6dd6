// Document: a parsed YAML or JSON text that remembers where everything stood.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/json.h"
#include "runtime/base/status.h"

namespace lockstep {

// 1-based. 0: unknown.
struct Position {
  int line = 0;
  int column = 0;
};

// Where a value stood and, for scalars, how it was spelled there (`0.010` is the number 0.01
// spelled "0.010").
struct Mark {
  Position position;
  std::string source;
  // Spaces in front of the lines of a literal block (`key: |`), which begin on the line below
  // `position`; -1: it is none, or that is not known.
  int block_indent = -1;
  bool plain = false;  // a YAML scalar without quotes: its spelling decides its type
};

struct Document {
  std::string file;  // as the user named it; "-" for standard input
  Json value;
  std::map<std::string, Mark> marks;  // by JSON pointer: "/spec/parameters/0/name"; "" is the root

  // The mark of `pointer` or of its nearest ancestor that has one.
  const Mark& MarkOf(std::string_view pointer) const;
};

// Adds one reference token to a JSON pointer, escaped (RFC 6901).
void AppendToPointer(std::string& pointer, std::string_view token);

// Limits on what is read: more is InvalidArgument.
struct CodecLimits {
  std::size_t bytes_max = 8u << 20;
  int depth_max = 100;
  std::size_t nodes_max = 200'000;  // after aliases are expanded
};

// Every document of a YAML stream, in order; empty documents are left out. YAML 1.1 booleans and
// merge keys as kubectl reads them. Duplicate keys, tabs in indentation, bad aliases:
// InvalidArgument "FILE:LINE:COLUMN: what, why".
Result<std::vector<Document>> ParseYaml(std::string_view text, std::string_view file,
                                        const CodecLimits& limits = {});
Result<Document> ParseJson(std::string_view text, std::string_view file,
                           const CodecLimits& limits = {});

// YAML as kubectl prints it: block style, two spaces, strings quoted only where they would read as
// something else.
std::string ToYaml(const Json& value);

}  // namespace lockstep
