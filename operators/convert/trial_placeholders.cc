#include "operators/convert/trial_placeholders.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace lockstep {
namespace {

constexpr char kTokenEnd = '_';

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string SafeName(std::string_view name) {
  std::string safe(name.substr(std::min(name.find_first_not_of('-'), name.size())));
  for (char& c : safe) c = IsNameCharacter(c) ? c : '_';
  return safe.empty() ? "parameter" : safe;
}

}  // namespace

TrialPlaceholders::TrialPlaceholders(std::string_view around) : prefix_("LOCKSTEPVALUE") {
  while (around.find(prefix_) != std::string_view::npos) prefix_ += 'X';
}

std::string TrialPlaceholders::Add(std::string_view name, std::string reference) {
  const std::string safe = SafeName(name);
  std::string unique = safe;
  const auto taken = [&](const Placeholder& other) { return other.name == unique; };
  for (int i = 2; std::any_of(placeholders_.begin(), placeholders_.end(), taken); ++i) {
    unique = safe + "-" + std::to_string(i);
  }
  placeholders_.push_back({unique, std::move(reference), false});
  return prefix_ + std::to_string(placeholders_.size() - 1) + kTokenEnd;
}

template <class Visit>
std::string TrialPlaceholders::ReplaceWith(std::string_view text, Visit visit) const {
  std::string result;
  while (true) {
    const std::size_t open = std::min(text.find(prefix_), text.size());
    result.append(text.substr(0, open));
    if (open == text.size()) return result;
    text.remove_prefix(open + prefix_.size());
    std::size_t index = placeholders_.size();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), index);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (index >= placeholders_.size() || text.empty()) continue;  // not ours: cut by a message
    text.remove_prefix(1);
    result += "${trialParameters." + placeholders_[index].name + "}";
    visit(index);
  }
}

std::string TrialPlaceholders::Replace(std::string_view text) const {
  return ReplaceWith(text, [](std::size_t) {});
}

Json TrialPlaceholders::ReplaceAll(const Json& json) {
  const auto use = [this](std::size_t index) { placeholders_[index].used = true; };
  if (json.is_string()) return ReplaceWith(json.get_ref<const std::string&>(), use);
  Json result = json;
  if (json.is_array()) {
    for (Json& element : result) element = ReplaceAll(element);
  } else if (json.is_object()) {
    result = Json::object();
    for (const auto& [name, value] : json.items()) {
      result[ReplaceWith(name, use)] = ReplaceAll(value);
    }
  }
  return result;
}

Json TrialPlaceholders::TrialParameters() const {
  Json list = Json::array();
  for (const Placeholder& placeholder : placeholders_) {
    if (!placeholder.used) continue;
    list.push_back({{"name", placeholder.name}, {"reference", placeholder.reference}});
  }
  return list;
}

}  // namespace lockstep
