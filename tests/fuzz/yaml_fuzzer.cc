// Any text -> documents -> Experiments with defaults -> findings. Whatever it holds, the places
// that are named are in it, and what was read survives being written and read again.
#include <algorithm>
#include <charconv>

#include "operators/admission/validate.h"
#include "operators/api/decode.h"
#include "operators/api/defaults.h"
#include "operators/codec/document.h"
#include "operators/convert/katib_v1alpha3.h"
#include "runtime/base/check.h"
#include "tests/fuzz/fuzzer.h"

namespace lockstep {
namespace {

constexpr std::string_view kFile = "input";

// A column may be the one behind the end of its line: of what is missing.
void CheckInside(const Position& position, std::string_view text) {
  CHECK((position.line == 0) == (position.column == 0)) << position.line;
  if (position.line == 0) return;
  CHECK(position.line > 0 && position.column > 0) << position.line << ":" << position.column;
  std::size_t begin = 0;
  for (int line = 1; line < position.line; ++line) {
    begin = text.find('\n', begin) + 1;
    CHECK(begin > 0) << "there is no line " << position.line;
  }
  const std::size_t size = text.substr(begin, text.find('\n', begin) - begin).size();
  CHECK(static_cast<std::size_t>(position.column) <= size + 1)
      << position.line << ":" << position.column << ", and the line has " << size << " bytes";
}

// "FILE:LINE:COLUMN: what".
void CheckMessage(const Status& status, std::string_view text) {
  const std::string_view message = status.message();
  const std::string prefix = std::string(kFile) + ":";
  CHECK(message.starts_with(prefix)) << message;
  Position place;
  const char* const end = message.data() + message.size();
  const auto line = std::from_chars(message.data() + prefix.size(), end, place.line);
  if (line.ec != std::errc()) return;  // about the text as a whole: too long, and the like
  CHECK(line.ptr != end && *line.ptr == ':') << message;
  const auto column = std::from_chars(line.ptr + 1, end, place.column);
  CHECK(column.ec == std::errc() && place.line > 0) << message;
  CheckInside(place, text);
}

void CheckFindings(const std::vector<Finding>& findings, const Document& document,
                   std::string_view text) {
  for (const Finding& finding : findings) {
    CheckInside(finding.position, text);
    CHECK(!FormatFinding(document.file, finding).empty());
  }
}

void CheckRoundTrip(const Document& document) {
  const std::string yaml = ToYaml(document.value);
  const auto again = ParseYaml(yaml, kFile, {.depth_max = 200});
  CHECK(again.ok()) << again.status().message() << "\n" << yaml;
  if (document.value.is_null()) return;  // an empty document is left out
  CHECK(again->size() == 1 && again->front().value == document.value) << yaml;
}

void CheckObject(const Document& document, std::vector<Finding> findings, std::string_view text) {
  CheckFindings(findings, document, text);
  Result<Decoded> decoded = Decode(document);
  if (!decoded.ok()) return;
  CheckFindings(decoded->findings, document, text);
  SetDefaults(decoded->object);
  const Json once = EncodeObject(decoded->object);
  Object again = decoded->object;
  SetDefaults(again);
  CHECK(EncodeObject(again) == once) << "defaults are set once: " << once.dump();
  const Result<Object> read = DecodeObject(once);
  CHECK(read.ok()) << read.status().message() << "\n" << once.dump();
  CHECK(EncodeObject(*read) == once) << once.dump();
  const std::vector<Finding> rules = Validate(decoded->object, document);
  CheckFindings(rules, document, text);
  CheckFindings(ValidateUpdate(decoded->object, again, document), document, text);
  CheckFindings(WithRules(decoded->findings, rules), document, text);
}

}  // namespace

void FuzzOne(std::string_view text) {
  if (const auto json = ParseJson(text, kFile); !json.ok()) CheckMessage(json.status(), text);
  const auto documents = ParseYaml(text, kFile);
  if (!documents.ok()) return CheckMessage(documents.status(), text);
  for (const Document& document : *documents) {
    for (const auto& [pointer, mark] : document.marks) CheckInside(mark.position, text);
    CheckRoundTrip(document);
    if (IsKatibV1alpha3(document)) {
      ConvertedExperiment converted = ConvertKatibV1alpha3(document);
      CheckObject(converted.document, std::move(converted.findings), text);
    } else {
      CheckObject(document, {}, text);
    }
  }
}

}  // namespace lockstep
