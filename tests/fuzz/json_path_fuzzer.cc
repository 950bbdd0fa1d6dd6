// What `lockstep get` takes in a user's words: a JSONPath template and a label selector (the first
// line), over JSON (behind it; a built-in document when there is none).
#include "cli/json_path.h"

#include "cli/json_template.h"
#include "cli/label_selector.h"
#include "operators/codec/document.h"
#include "runtime/base/check.h"
#include "tests/fuzz/fuzzer.h"

namespace lockstep {
namespace {

const Json& SomeList() {
  static const Json kList = Json::parse(R"json({"kind": "List", "items": [
    {"metadata": {"name": "a", "labels": {"a.b/c": "x", "d": ""}}, "n": 3,
     "values": [1, "2", null]},
    {"metadata": {"name": "b"}, "deep": [[1, 2], [3, [4]]], "status": {"conditions": [
      {"type": "Failed", "status": "True"}, {"type": "Running", "status": "False"}]}}]})json");
  return kList;
}

void CheckRefused(const Status& status) {
  CHECK(status.kind() == StatusKind::kInvalidArgument && !status.message().empty());
}

void CheckSelector(std::string_view text) {
  const auto selector = LabelSelector::Parse(text);
  if (!selector.ok()) return CheckRefused(selector.status());
  const Labels equal = selector->Equalities();
  for (const Labels& labels : {Labels{}, Labels{{"a", "b"}}, Labels{{"a.b/c", "x"}, {"d", ""}}}) {
    if (!selector->Matches(labels)) continue;
    for (const auto& [name, value] : equal) {  // they only leave out what does not match
      const auto found = labels.find(name);
      CHECK(found != labels.end() && found->second == value) << name;
    }
  }
}

}  // namespace

void FuzzOne(std::string_view input) {
  const auto [text, rest] = SplitFirstLine(input);
  const auto document = ParseJson(rest, "list", {.nodes_max = 500});
  const Json& json = document.ok() ? document->value : SomeList();
  CheckSelector(text);
  if (const auto path = JsonPath::Parse(text); path.ok()) {
    const auto found = path->Find(json);
    if (!found.ok()) CheckRefused(found.status());
    for (std::size_t i = 0; found.ok() && i < found->size(); ++i) {
      CHECK((*found)[i] != nullptr);
      static_cast<void>(JsonText(*(*found)[i]));
    }
  } else {
    CheckRefused(path.status());
  }
  const auto parsed = JsonTemplate::Parse(text);
  if (!parsed.ok()) return CheckRefused(parsed.status());
  const auto rendered = parsed->Render(json);
  if (!rendered.ok()) return CheckRefused(rendered.status());
  CHECK(parsed->Render(json).value() == *rendered);
}

}  // namespace lockstep
