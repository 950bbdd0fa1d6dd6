#include "cli/object_list.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "operators/api/finding_list.h"
#include "operators/codec/text_field.h"

namespace lockstep {
namespace {

bool IsList(const Json& value) {
  return value.is_object() && TextField(value, "kind").ends_with("List") &&
         (value.contains("items") || TextField(value, "kind") == "List");
}

// The item at `pointer`, with the marks of what is at and below it: those stand side by side, for
// '/' sorts before every digit.
Document ItemAt(const std::string& pointer, Json value, const Document& list) {
  Document item{list.file, std::move(value), {}};
  for (auto it = list.marks.lower_bound(pointer); it != list.marks.end(); ++it) {
    if (!it->first.starts_with(pointer)) break;
    const std::string below = it->first.substr(pointer.size());
    if (!below.empty() && below.front() != '/') break;
    item.marks.emplace_hint(item.marks.end(), below, it->second);
  }
  return item;
}

void Open(Document document, std::vector<Document>& objects, std::vector<Finding>& findings) {
  if (!IsList(document.value)) return objects.push_back(std::move(document));
  FindingList wrong(&document);
  for (const auto& [name, value] : document.value.items()) {
    constexpr std::string_view kKnown[] = {"apiVersion", "kind", "metadata", "items"};
    if (std::ranges::find(kKnown, name) != std::end(kKnown)) continue;
    wrong.UnknownField("", name, {std::begin(kKnown), std::end(kKnown)});
  }
  if (TextField(document.value, "apiVersion").empty()) {
    wrong.Error("apiVersion", "is missing: that of a List is v1");
  }
  Json items = document.value.value("items", Json());
  if (!items.is_array()) {
    wrong.Error("items", items.is_null() ? "is missing: the objects of the List"
                                         : "expected a list: the objects of the List");
    items = Json::array();
  }
  for (Finding& finding : wrong.Take()) findings.push_back(std::move(finding));
  for (std::size_t i = 0; i < items.size(); ++i) {
    Open(ItemAt("/items/" + std::to_string(i), std::move(items[i]), document), objects, findings);
  }
}

}  // namespace

std::vector<Document> ObjectsIn(Document document, std::vector<Finding>& findings) {
  std::vector<Document> objects;
  Open(std::move(document), objects, findings);
  return objects;
}

}  // namespace lockstep
