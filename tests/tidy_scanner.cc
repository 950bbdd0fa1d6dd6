// The part of tidy_rules.h that reads C++: what is code, and where functions begin and end.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <regex>

#include "tests/tidy_rules.h"

namespace lockstep::tidy {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Blanker {
 public:
  explicit Blanker(std::string_view text) : in_(text), out_(text) {}

  std::string Run() {
    while (at_ < in_.size()) Step();
    return std::move(out_);
  }

 private:
  bool StartsWith(std::string_view what) const { return in_.substr(at_).starts_with(what); }

  // Blanks up to `end`, which may lie beyond the text.
  void BlankTo(std::size_t end) {
    for (end = std::min(end, in_.size()); at_ < end; ++at_) {
      if (in_[at_] != '\n') out_[at_] = ' ';
    }
  }

  std::size_t Find(std::string_view what, std::size_t from) const {
    const std::size_t found = in_.find(what, from);
    return found == in_.npos ? in_.size() : found + what.size();
  }

  std::size_t EndOfLine() const {
    std::size_t end = at_;
    while (end < in_.size() && in_[end] != '\n') end += in_[end] == '\\' ? 2 : 1;
    return end;
  }

  void BlankQuoted(char quote) {
    std::size_t end = at_ + 1;
    while (end < in_.size() && in_[end] != quote) end += in_[end] == '\\' ? 2 : 1;
    BlankTo(end + 1);
  }

  void BlankRawString() {
    const std::size_t open = in_.find('(', at_);
    if (open == in_.npos) return BlankTo(in_.size());
    const std::size_t quote = in_.find('"', at_);
    const std::string close = ")" + std::string(in_.substr(quote + 1, open - quote - 1)) + "\"";
    BlankTo(Find(close, open));
  }

  // A word or a number; a number's ' separates digits and opens no literal.
  void SkipWord() {
    const bool number = std::isdigit(static_cast<unsigned char>(in_[at_])) != 0;
    while (at_ < in_.size() && (IsWord(in_[at_]) || (number && in_[at_] == '\''))) ++at_;
  }

  void Step() {
    const char c = in_[at_];
    if (c == '\n') {
      line_start_ = true;
      ++at_;
      return;
    }
    if (line_start_ && c == '#') return BlankTo(EndOfLine());
    if (c != ' ') line_start_ = false;
    if (StartsWith("//")) return BlankTo(EndOfLine());
    if (StartsWith("/*")) return BlankTo(Find("*/", at_ + 2));
    for (std::string_view raw : {"R\"", "u8R\"", "LR\"", "uR\"", "UR\""}) {
      if (StartsWith(raw)) return BlankRawString();
    }
    if (c == '"' || c == '\'') return BlankQuoted(c);
    if (IsWord(c)) return SkipWord();
    ++at_;
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
  bool line_start_ = true;
};

enum class Scope : std::uint8_t {
  kType,
  kData,
  kFunction
};  // type: or a namespace; data: an initializer

// What a '{' outside functions opens, from the text between the last statement and it.
Scope ScopeOf(const std::string& head) {
  static const std::regex function_end(
      R"(\)\s*((const|noexcept|override|final|mutable|try|&&?)\s*)*(->.*)?$)");
  static const std::regex type(
      R"(^(template\s*<.*>\s*)?)"
      R"((inline\s+)?(class|struct|union|enum|namespace|extern|concept)\b.*$)");
  static const std::regex data(R"((=|,|\(|return)\s*$)");
  if (std::regex_search(head, function_end)) return Scope::kFunction;
  if (std::regex_match(head, type)) return Scope::kType;
  if (std::regex_search(head, data)) return Scope::kData;
  // A lambda without parameters, or a constructor whose initializers hold braces.
  const bool callable = head.ends_with(']') || head.find(')') != head.npos;
  return callable ? Scope::kFunction : Scope::kData;
}

std::string OneLine(std::string_view text) {
  std::string line;
  for (char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

bool IsAccess(const std::string& line) {
  return line == "public" || line == "private" || line == "protected";
}

int LineOf(std::string_view text, std::size_t position) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + position, '\n'));
}

}  // namespace

std::string CodeOnly(std::string_view text) { return Blanker(text).Run(); }

std::optional<std::vector<FunctionExtent>> FindFunctions(std::string_view text) {
  struct Open {
    Scope scope;
    std::size_t head_start;
  };
  const std::string code = CodeOnly(text);
  std::vector<FunctionExtent> functions;
  std::vector<Open> open = {{Scope::kType, 0}};  // the file
  std::size_t head_start = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = code[at];
    if (c != '{' && c != '}' && c != ';' && c != ':') continue;
    const std::string head = OneLine(std::string_view(code).substr(head_start, at - head_start));
    if (c == ':' && !IsAccess(head)) continue;
    if (c == '{') {
      const bool in_function = open.back().scope == Scope::kFunction;
      open.push_back({in_function ? Scope::kFunction : ScopeOf(head), head_start});
      if (!in_function && open.back().scope == Scope::kFunction) {
        const std::size_t first = code.find_first_not_of(" \n\t", head_start);
        functions.push_back({LineOf(code, first), 0, head});
      }
    }
    head_start = at + 1;
    if (c != '}') continue;
    const Open closed = open.back();
    open.pop_back();
    if (open.empty()) return std::nullopt;
    if (closed.scope == Scope::kFunction && open.back().scope != Scope::kFunction) {
      functions.back().last_line = LineOf(code, at);
    }
    // After a brace of a constructor's initializers its head goes on: A() : a_{1}, b_{2} {
    const std::size_t next = std::min(code.find_first_not_of(" \n\t", at + 1), code.size() - 1);
    const bool goes_on = code[next] == ',' || code[next] == '{';
    if (goes_on && open.back().scope == Scope::kType) head_start = closed.head_start;
  }
  if (open.size() != 1) return std::nullopt;
  return functions;
}

}  // namespace lockstep::tidy
