#include "operators/convert/gjson.h"

#include <charconv>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "operators/convert/gjson_path.h"

namespace lockstep {
namespace {

constexpr std::size_t kStepsMax = 1'000'000;
constexpr std::size_t kBytesAStep = 64;

// Where the character (of UTF-8) at `at` ends.
std::size_t NextCharacter(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;) ++at;
  return at;
}

// * is any text, ? any one character, \ takes the next one as it is.
bool MatchesPattern(std::string_view text, std::string_view pattern) {
  constexpr std::size_t kNoStar = std::string_view::npos;
  std::size_t t = 0, p = 0, star = kNoStar, star_text = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    if (p < pattern.size() && t < text.size()) {
      const bool escaped = pattern[p] == '\\';
      const std::size_t literal = escaped ? p + 1 : p;
      if (!escaped && pattern[p] == '?') {
        ++p;
        t = NextCharacter(text, t);
        continue;
      }
      if (literal < pattern.size() && pattern[literal] == text[t]) {
        p = literal + 1;
        ++t;
        continue;
      }
    }
    if (star == kNoStar || star_text >= text.size()) return false;
    star_text = NextCharacter(text, star_text);  // the last * takes one more
    t = star_text;
    p = star;
  }
  return true;
}

// As Go's ParseFloat, whose errors gjson ignores: 0 is what is no number.
double NumberOf(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return 0;
  if (error == std::errc()) return number;
  if (text.find("e-") != text.npos || text.find("E-") != text.npos) return 0;
  const double infinity = std::numeric_limits<double>::infinity();
  return text.starts_with('-') ? -infinity : infinity;
}

template <class T>
bool InOrder(const T& left, std::string_view op, const T& right) {
  if (op == "=") return left == right;
  if (op == "!=") return left != right;
  if (op == "<") return left < right;
  if (op == "<=") return left <= right;
  if (op == ">") return left > right;
  return op == ">=" && left >= right;
}

bool Compare(const Json& value, const std::string& op, const std::string& literal) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (op == "%") return MatchesPattern(text, literal);
    if (op == "!%") return !MatchesPattern(text, literal);
    return InOrder(text, op, literal);
  }
  if (value.is_number()) return InOrder(value.get<double>(), op, NumberOf(literal));
  if (!value.is_boolean()) return false;  // nothing compares with null, lists and objects
  const bool set = value.get<bool>();
  if (op == "=") return literal == (set ? "true" : "false");
  if (op == "!=") return literal != (set ? "true" : "false");
  if (op == (set ? ">" : "<")) return literal == (set ? "false" : "true");
  return op == (set ? ">=" : "<=");
}

// One walk over one document. A null pointer is "nothing there".
class GjsonWalk {
 public:
  bool exhausted() const { return steps_ > kStepsMax; }

  const Json* Get(const Json* value, const GjsonPath& path) {
    if (path.kind == GjsonPath::Kind::kParts) {
      Found found;
      if (value != nullptr) Search(*value, path, 0, found);
      return found.pipe != nullptr ? Get(found.value, *found.pipe) : found.value;
    }
    if (path.kind == GjsonPath::Kind::kList) {
      Json list = Json::array();
      for (const GjsonPath& item : path.items) Append(list, Get(value, item));
      value = Keep(std::move(list));
    }
    return path.next ? Get(value, *path.next) : value;
  }

 private:
  struct Found {
    const Json* value = nullptr;
    const GjsonPath* pipe = nullptr;  // goes on with the value, even when there is none
  };

  bool Step(std::size_t steps = 1) {
    steps_ += steps;
    return !exhausted();
  }

  const Json* Keep(Json made) { return &made_.emplace_back(std::move(made)); }

  void Append(Json& list, const Json* value) {
    if (value == nullptr) return;
    std::vector<const Json*> left = {value};
    while (!left.empty()) {
      const Json& next = *left.back();
      left.pop_back();
      const bool text = next.is_string();
      const std::size_t bytes = text ? next.get_ref<const std::string&>().size() : 0;
      if (!Step(1 + bytes / kBytesAStep)) return;
      if (next.is_structured()) {
        for (const Json& child : next) left.push_back(&child);
      }
    }
    list.push_back(*value);
  }

  // Whether the search is over. Where it is not, a key that the same wildcard matches comes next,
  // though `found` may hold the matches of a #(...)# already.
  bool Search(const Json& node, const GjsonPath& path, std::size_t at, Found& found) {
    if (!node.is_structured() || !Step()) return false;
    const GjsonPart& part = path.parts[at];
    if (at + 1 == path.parts.size() && path.next) found.pipe = path.next.get();
    if (node.is_array()) return SearchArray(node, path, at, found);
    using Kind = GjsonPart::Kind;
    if (part.kind == Kind::kEach || part.kind == Kind::kQuery) return false;
    if (!part.wild) {
      const auto child = node.find(part.key);
      return child != node.end() && Enter(*child, path, at, found);
    }
    for (const auto& [key, child] : node.items()) {
      if (!Step()) return false;
      if (MatchesPattern(key, part.key) && Enter(child, path, at, found)) return true;
    }
    return false;
  }

  // The child that part `at` selects.
  bool Enter(const Json& child, const GjsonPath& path, std::size_t at, Found& found) {
    if (at + 1 < path.parts.size()) return Search(child, path, at + 1, found);
    found.value = &child;
    return true;
  }

  bool SearchArray(const Json& array, const GjsonPath& path, std::size_t at, Found& found) {
    const GjsonPart& part = path.parts[at];
    switch (part.kind) {
      case GjsonPart::Kind::kKey:
        return part.index && *part.index < array.size() &&
               Enter(array[*part.index], path, at, found);
      case GjsonPart::Kind::kCount: found.value = Keep(array.size()); return true;
      case GjsonPart::Kind::kEach: {
        Json list = Json::array();
        for (const Json& element : array) {
          if (!Step()) return true;
          Append(list, Get(&element, *part.rest));
        }
        found = {Keep(std::move(list)), part.rest_pipe.get()};
        return true;
      }
      case GjsonPart::Kind::kQuery: return SearchMatches(array, part, found);
    }
    return false;
  }

  bool SearchMatches(const Json& array, const GjsonPart& part, Found& found) {
    Json list = Json::array();
    for (const Json& element : array) {
      if (!Step()) return true;
      if (!Matches(element, part.query)) continue;
      if (part.rest_pipe) found.pipe = part.rest_pipe.get();
      const Json* value = part.rest ? Get(&element, *part.rest) : &element;
      if (!part.all) {
        found.value = value;
        return true;
      }
      Append(list, value);
    }
    if (part.all && found.value == nullptr) found.value = Keep(std::move(list));
    return false;
  }

  bool Matches(const Json& element, const GjsonQuery& query) {
    const Json* value = &element;
    if (element.is_structured()) {
      value = query.path ? Get(&element, *query.path) : nullptr;
    } else if (query.path) {
      return false;
    }
    return value != nullptr && (query.op.empty() || Compare(*value, query.op, query.literal));
  }

  std::size_t steps_ = 0;
  std::deque<Json> made_;  // the values that no document holds; their addresses stay
};

}  // namespace

Status CheckGjson(std::string_view path) { return ParseGjson(path).status(); }

Result<std::optional<Json>> QueryGjson(const Json& json, std::string_view path) {
  LOCKSTEP_ASSIGN_OR_RETURN(const GjsonPath read, ParseGjson(path));
  GjsonWalk walk;
  const Json* const value = walk.Get(&json, read);
  if (walk.exhausted()) {
    return InvalidArgument("\"" + std::string(path) + "\" looks at more than " +
                           std::to_string(kStepsMax) + " values: select less");
  }
  if (value == nullptr) return std::optional<Json>();
  return std::optional<Json>(*value);
}

}  // namespace lockstep
