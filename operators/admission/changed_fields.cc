#include "operators/admission/changed_fields.h"

#include <algorithm>
#include <vector>

namespace lockstep {
namespace {

constexpr std::size_t kShownMax = 5;
constexpr std::size_t kValueBytesMax = 40;

std::string Shown(const Json& value) {
  if (value.is_structured()) return "";
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > kValueBytesMax ? "" : text;
}

void Compare(const Json& before, const Json& after, const std::string& path,
             std::vector<std::string>& changes) {
  if (before == after) return;
  if (before.is_object() && after.is_object()) {
    for (const auto& [name, value] : before.items()) {
      Compare(value, after.value(name, Json()), path + "." + name, changes);
    }
    for (const auto& [name, value] : after.items()) {
      if (!before.contains(name)) Compare(Json(), value, path + "." + name, changes);
    }
    return;
  }
  if (before.is_array() && after.is_array()) {
    const std::size_t size = std::max(before.size(), after.size());
    for (std::size_t i = 0; i < size; ++i) {
      Compare(i < before.size() ? before[i] : Json(), i < after.size() ? after[i] : Json(),
              path + "[" + std::to_string(i) + "]", changes);
    }
    return;
  }
  if (before.is_null()) {
    changes.push_back(path + " (new)");
  } else if (after.is_null()) {
    changes.push_back(path + " (left out)");
  } else if (const std::string is = Shown(after), was = Shown(before); is.empty() || was.empty()) {
    changes.push_back(path);
  } else {
    changes.push_back(path + " (" + is + ", was " + was + ")");
  }
}

}  // namespace

std::string ChangedFields(const Json& before, const Json& after, const std::string& path) {
  std::vector<std::string> changes;
  Compare(before, after, path, changes);
  std::string text;
  for (std::size_t i = 0; i < std::min(changes.size(), kShownMax); ++i) {
    text += (i == 0 ? "" : ", ") + changes[i];
  }
  if (changes.size() > kShownMax) {
    text += " and " + std::to_string(changes.size() - kShownMax) + " more";
  }
  return text;
}

}  // namespace lockstep
