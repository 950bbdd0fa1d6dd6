#include "operators/api/field_description.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "operators/api/did_you_mean.h"
#include "operators/api/field_path.h"
#include "operators/api/fields.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr std::string_view kListPrefix = "[]";

// The type and the fields of a value; name and description are its owner's.
template <HasFields T>
FieldDescription DescribeType(const T& value);
FieldDescription DescribeType(const std::string&) { return {"", "string", "", {}}; }
FieldDescription DescribeType(const Json&) { return {"", "JSON", "", {}}; }
FieldDescription DescribeType(const std::map<std::string, std::string>&) {
  return {"", "map[string]string", "", {}};
}
template <class T>
  requires std::is_arithmetic_v<T>
FieldDescription DescribeType(T) {
  if (std::is_same_v<T, bool>) return {"", "boolean", "", {}};
  return {"", std::is_integral_v<T> ? "integer" : "number", "", {}};
}
template <class T>
FieldDescription DescribeType(const std::optional<T>&) {
  return DescribeType(T{});
}
template <class T>
FieldDescription DescribeType(const std::vector<T>&) {
  FieldDescription element = DescribeType(T{});
  element.type.insert(0, kListPrefix);
  return element;
}
template <class T>
FieldDescription DescribeType(const GrowingList<T>&) {
  return DescribeType(std::vector<T>{});
}

class Describer {
 public:
  template <class T>
  void Field(const char* name, const T& value, const char* description) {
    FieldDescription field = DescribeType(value);
    field.name = name;
    field.description = description;
    fields.push_back(std::move(field));
  }
  void Dropped(std::initializer_list<const char*>) {}
  void Ignored(const char*, std::initializer_list<const char*>) {}
  void Refused(const char*, std::initializer_list<const char*>) {}

  std::vector<FieldDescription> fields;
};

template <HasFields T>
FieldDescription DescribeType(const T& value) {
  Describer describer;
  T::Fields(value, describer);
  return {"", "Object", "", std::move(describer.fields)};
}

template <class T>
FieldDescription DescribeObject() {
  FieldDescription object = DescribeType(T{});
  object.name = T::kKind;
  object.description = T::kDescription;
  const FieldDescription root[] = {{"apiVersion", "string", T::kApiVersion, {}},
                                   {"kind", "string", T::kKind, {}}};
  object.fields.insert(object.fields.begin(), std::begin(root), std::end(root));
  return object;
}

struct KindRow {
  std::string_view kind;
  FieldDescription (*describe)();
};

constexpr KindRow kKindTable[] = {
    {Experiment::kKind, &DescribeObject<Experiment>},
    {Suggestion::kKind, &DescribeObject<Suggestion>},
    {Trial::kKind, &DescribeObject<Trial>},
    {TrainingJob::kKind, &DescribeObject<TrainingJob>},
    {ConfigMap::kKind, &DescribeObject<ConfigMap>},
    {Secret::kKind, &DescribeObject<Secret>},
    {TrainingRuntime::kKind, &DescribeObject<TrainingRuntime>},
    {ClusterTrainingRuntime::kKind, &DescribeObject<ClusterTrainingRuntime>}};

bool IsIndex(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

bool EqualButForCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

Status NoSuchField(const FieldDescription& parent, const std::string& path, std::string_view name) {
  if (parent.fields.empty()) {
    const std::string more = parent.type == "JSON" ? ". " + std::string(parent.description) : "";
    return NotFound(path + " has no fields: it is of type " + parent.type + more);
  }
  std::vector<std::string_view> names;
  std::string list;
  for (const FieldDescription& field : parent.fields) {
    names.push_back(field.name);
    list += (list.empty() ? "" : ", ") + std::string(field.name);
  }
  return NotFound(path + " has no field \"" + std::string(name) + "\"" + DidYouMean(name, names) +
                  ": its fields are " + list);
}

void CollectPaths(const FieldDescription& parent, const std::string& path, std::string_view name,
                  std::vector<std::string>& paths) {
  for (const FieldDescription& field : parent.fields) {
    const std::string below = FieldPath(path, field.name);
    if (EqualButForCase(field.name, name)) paths.push_back(below);
    CollectPaths(field, below, name, paths);
  }
}

}  // namespace

FieldDescription DescribeKind(const KindName& kind) {
  const auto row = std::ranges::find(kKindTable, kind.kind, &KindRow::kind);
  CHECK(row != std::end(kKindTable)) << kind.kind << " is a kind without a row";
  return row->describe();
}

Result<const FieldDescription*> FindField(const FieldDescription& root, std::string_view path) {
  const FieldDescription* field = &root;
  std::string there(root.name);
  std::string pointer = PathToPointer(path);
  for (std::string_view rest = pointer; !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    if (IsIndex(name) && field->type.starts_with(kListPrefix)) continue;
    const auto child = std::ranges::find(field->fields, name, &FieldDescription::name);
    if (child == field->fields.end()) return NoSuchField(*field, there, name);
    field = &*child;
    there = FieldPath(there, name);
  }
  return field;
}

std::vector<std::string> PathsOfField(const FieldDescription& root, std::string_view name) {
  std::vector<std::string> paths;
  CollectPaths(root, "", name, paths);
  return paths;
}

}  // namespace lockstep
