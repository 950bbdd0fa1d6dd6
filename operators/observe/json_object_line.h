// JsonObjectLine: the fields of one line of JSON, read as Go's encoding/json reads it.
//
// What Go mends is mended: bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD, the
// last of several equal keys wins, `null` is an object without keys.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

struct JsonField {
  enum class Kind : std::uint8_t { kNone, kText, kNumber, kOther };
  Kind kind = Kind::kNone;
  std::string text;   // of a number: as it is spelled
  double number = 0;  // of a number
};

// By key. Only the keys that are in it when it is read are kept.
using JsonFields = std::map<std::string, JsonField, std::less<>>;

// Sets each of `fields` that `line` has, and the rest to kNone. InvalidArgument: the line is no
// JSON object, and why, to follow "line 7 ". `lenient`: a byte order mark is skipped, and NaN,
// Infinity and -Infinity, which Python's json writes, are texts.
Status ReadJsonObjectLine(std::string_view line, bool lenient, JsonFields& fields);

}  // namespace lockstep
