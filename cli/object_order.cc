#include "cli/object_order.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <string>
#include <utility>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

struct SortValue {
  int rank = 3;  // 0: number, 1: time, 2: text, 3: not there
  double number = 0;
  WallTime time;
  std::string text;

  friend bool operator<(const SortValue& a, const SortValue& b) {
    return std::tie(a.rank, a.number, a.time, a.text) < std::tie(b.rank, b.number, b.time, b.text);
  }
};

SortValue ValueOf(const Json& json) {
  SortValue value;
  const std::string text = JsonText(json);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && !std::isnan(number)) {
    value.rank = 0;
    value.number = number;
  } else if (const Result<WallTime> time = ParseTime(text); time.ok()) {
    value.rank = 1;
    value.time = *time;
  } else {
    value.rank = 2;
    value.text = text;
  }
  return value;
}

}  // namespace

Status SortObjects(const JsonPath& path, std::vector<Object>& objects) {
  std::vector<std::pair<SortValue, std::size_t>> order;
  order.reserve(objects.size());
  bool any = objects.empty();
  for (const Object& object : objects) {
    const Json json = EncodeObject(object);
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<const Json*> values, path.Find(json));
    any = any || !values.empty();
    order.emplace_back(values.empty() ? SortValue{} : ValueOf(*values.front()), order.size());
  }
  if (!any) {
    return InvalidArgument("--sort-by: no " + std::string(KindOf(objects.front())) +
                           " has this field; `lockstep explain` lists the fields");
  }
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Object> sorted;
  sorted.reserve(objects.size());
  for (const auto& [value, index] : order) sorted.push_back(std::move(objects[index]));
  objects = std::move(sorted);
  return OkStatus();
}

}  // namespace lockstep
