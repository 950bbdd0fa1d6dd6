// A Go template over data such as Katib passes, and with values that are known only later.
#include "operators/convert/go_template.h"

#include <algorithm>
#include <charconv>

#include "operators/convert/go_template_lexer.h"
#include "operators/convert/go_template_tree.h"
#include "runtime/base/check.h"
#include "tests/fuzz/fuzzer.h"

namespace lockstep {
namespace {

const Json& Data() {
  static const Json kData = {
      {"Trial", "t-1"},
      {"Experiment", "e"},
      {"NameSpace", "default"},
      {"Empty", ""},
      {"Count", 3},
      {"None", Json::array()},
      {"HyperParameters",
       {{{"Name", "--lr"}, {"Value", "@lr"}}, {{"Name", "--n"}, {"Value", "@n"}}}}};
  return kData;
}

// "LINE:COLUMN: what", in the text.
void CheckPlace(const Status& status, std::string_view text) {
  CHECK(status.kind() == StatusKind::kInvalidArgument) << status.ToString();
  const std::string_view message = status.message();
  const char* const end = message.data() + message.size();
  int line = 0;
  int column = 0;
  const auto first = std::from_chars(message.data(), end, line);
  CHECK(first.ec == std::errc() && first.ptr != end) << message;
  const auto second = std::from_chars(first.ptr + 1, end, column);
  CHECK(second.ec == std::errc()) << message;
  CHECK(line >= 1 && line <= std::count(text.begin(), text.end(), '\n') + 1) << message;
  CHECK(column >= 1 && column <= static_cast<int>(text.size()) + 1) << message;
}

}  // namespace

void FuzzOne(std::string_view text) {
  GoTemplateOptions options;
  options.unknown = "@";
  options.bytes_max = 1u << 16;
  options.steps_max = 10'000;
  const auto pieces = LexGoTemplate(text);
  if (!pieces.ok()) CheckPlace(pieces.status(), text);
  const auto tree = ParseGoTemplate(text, options.depth_max);
  if (!tree.ok()) CheckPlace(tree.status(), text);
  CHECK(pieces.ok() || !tree.ok()) << "parsed what was no tokens";
  const auto rendered = RenderGoTemplate(text, Data(), options);
  if (!rendered.ok()) return CheckPlace(rendered.status(), text);
  CHECK(tree.ok()) << "rendered what was no template";
  CHECK(rendered->text.size() <= options.bytes_max);
  for (const int line : rendered->lines) {
    CHECK(line >= 1 && line <= std::count(text.begin(), text.end(), '\n') + 1) << line;
  }
  const auto newlines = std::count(rendered->text.begin(), rendered->text.end(), '\n');
  CHECK(static_cast<std::size_t>(newlines) + 1 == rendered->lines.size())
      << newlines << " line feeds, " << rendered->lines.size() << " lines";
}

}  // namespace lockstep
